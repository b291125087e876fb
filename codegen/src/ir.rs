//! The clean model of the specs: what `check` has found sound, with every name resolved.
//!
//! Readers of it need no opinions of their own. It keeps the wire's names; `lower` makes Rust names of them.

/// Everything under `spec/`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    /// The products, by name.
    pub products: Vec<Product>,
    /// The notifications, by name.
    pub notifications: Vec<Notification>,
    /// What any method can be answered with.
    pub gateway: Gateway,
}

/// A folder of `spec/`: a module, a handle and a Cargo feature.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// The folder's name, `trade`.
    pub name: String,
    /// What `product.yaml` says, if there is one.
    pub about: Option<About>,
    /// The methods, by name.
    pub methods: Vec<Method>,
    /// The types of `types.yaml`, by name.
    pub types: Vec<TypeDef>,
}

/// What a product is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its Chinese name.
    pub title: String,
    /// What it is for.
    pub doc: String,
    /// Where to read on.
    pub links: Vec<String>,
    /// The comment on its feature: one line.
    pub feature: Option<String>,
}

/// One gateway method.
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    /// The gateway's name, `alipay.trade.pay`.
    pub name: String,
    /// The product that it stands in.
    pub product: String,
    /// The file, relative to `spec/`, with `/`.
    pub file: String,
    /// The official title, where a public source has it.
    pub title: Option<String>,
    /// What it does.
    pub doc: String,
    /// Why it should not be called any more.
    pub deprecated: Option<String>,
    /// The page that the facts come from.
    pub source: String,
    /// How it is called.
    pub kind: Kind,
    /// Whether the gateway takes it in certificate mode only.
    pub certificate_only: bool,
    /// Whether its content must be encrypted.
    pub encrypted: bool,
    /// Whether it may be sent again. [`Retry::Never`] for pages and apps.
    pub retry: Retry,
    /// Its place in the V3 interface.
    pub v3: Option<V3>,
    /// What it takes.
    pub request: Object,
    /// What it gives.
    pub response: Object,
    /// How its list is read page by page.
    pub page: Option<Page>,
    /// Its own types, in the file's order.
    pub types: Vec<TypeDef>,
    /// Gateway codes besides `10000` that are not errors.
    pub outcomes: Vec<Outcome>,
    /// Whether a success carries no `code`.
    pub without_code: bool,
    /// Its business error codes, own and shared, by code.
    pub errors: Vec<ErrorCode>,
    /// Its examples.
    pub examples: Vec<Example>,
    /// The Rust type's name, where it is not the derived one.
    pub rust_name: Option<String>,
}

/// How a method is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A signed POST that is answered.
    Server,
    /// A URL or a form for a browser.
    Page,
    /// An order string for a phone app.
    App,
    /// A server call with files.
    Upload,
    /// Either a URL or a form, or an order string.
    PageOrApp,
}

impl Kind {
    /// Whether a server calls it and is answered.
    pub fn is_answered(self) -> bool {
        matches!(self, Self::Server | Self::Upload)
    }

    /// Whether a browser can be sent to it.
    pub fn is_page(self) -> bool {
        matches!(self, Self::Page | Self::PageOrApp)
    }

    /// Whether a phone app can hand it to Alipay.
    pub fn is_app(self) -> bool {
        matches!(self, Self::App | Self::PageOrApp)
    }
}

/// What the gateway itself writes into the content of an answer.
pub const GATEWAY_MEMBERS: [&str; 4] = ["code", "msg", "sub_code", "sub_msg"];

/// Whether a call may be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It changes nothing.
    Read,
    /// The same value of `key` is carried out once; `ask` tells what became of it.
    Keyed {
        /// A field of the request.
        key: String,
        /// A method's name: the method's own where only a repeat tells.
        ask: String,
        /// What the same request is answered with once it was carried out; `None` where nothing says.
        repeat: Option<Repeat>,
    },
    /// Sending it twice may do it twice.
    Never,
}

/// What a request that was carried out already is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// The same answer as the first time.
    Same,
    /// An error.
    Refused,
}

/// The fields by which a list is read page by page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Of the request: which page.
    pub number: String,
    /// Of the request: how many items a page has.
    pub size: String,
    /// How many items a page may have.
    pub max_items: Option<u32>,
    /// Of the answer: how many items there are in all.
    pub total: Option<String>,
    /// Of the answer: how many pages there are in all.
    pub pages: Option<String>,
    /// Of the answer: whether another page follows.
    pub more: Option<String>,
    /// What reading all of it takes, where that is certain.
    pub listing: Option<Listing>,
}

/// What reading a list from its first page to its last takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The number of the first page: 0 or 1.
    pub first: u32,
    /// Of the answer: the list that comes page by page.
    pub items: String,
}

/// A method's place in the V3 (REST) interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V3 {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub verb: String,
    /// The path, with `{field}` for path parameters.
    pub path: String,
    /// The request fields that go in the query.
    pub query: Vec<String>,
    /// Whether the body is multipart.
    pub multipart: bool,
    /// What it has beside the request's fields: parameters that stand outside the content in V2. In the query where [`query`](Self::query)
    /// names them, else in the body.
    pub only: Vec<String>,
    /// The request fields that it has not.
    pub without: Vec<String>,
}

/// A gateway code that is not an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The code, `10003`.
    pub code: String,
    /// What it means.
    pub meaning: OutcomeMeaning,
}

/// What a code that is not an error means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeMeaning {
    /// A success, by a code of the method's own.
    Done,
    /// Not finished: the buyer has yet to act.
    Pending,
}

/// What a field, a type or a value is. At least one of the two is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doc {
    /// Its Chinese name in the official documentation.
    pub label: Option<String>,
    /// In English; empty where the label says enough.
    pub text: String,
}

/// A named type.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeDef {
    /// The official name.
    pub name: String,
    /// What it is.
    pub doc: Doc,
    /// Its contents.
    pub body: TypeBody,
    /// The Rust type's name, where it is not the derived one.
    pub rust_name: Option<String>,
}

/// What a named type is.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeBody {
    /// A JSON object.
    Object(Object),
    /// A string of a known set that may grow.
    Enum(Vec<EnumValue>),
}

/// The fields of a request, a response or an object type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    /// The fields, in the file's order.
    pub fields: Vec<Field>,
    /// Groups of fields of which at least one must be given: `one_of`, then each `required_unless`.
    pub at_least_one: Vec<Vec<String>>,
    /// How whoever makes one gives the required fields.
    pub constructor: Constructor,
}

/// How the required fields are given to what makes an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constructor {
    /// One after the other, in this order.
    Positional(Vec<String>),
    /// By name: in whatever order the file has them, nothing can be taken for something else.
    Named,
}

impl Default for Constructor {
    fn default() -> Self {
        Self::Positional(Vec::new())
    }
}

/// A value of an enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumValue {
    /// On the wire.
    pub value: String,
    /// What it means.
    pub doc: Doc,
    /// Why it should not be used any more.
    pub deprecated: Option<String>,
    /// The variant's name, where it is not the derived one.
    pub rust_name: Option<String>,
}

/// A field of an object.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of the spec language, and any may stand beside any"
)]
pub struct Field {
    /// On the wire.
    pub name: String,
    /// What it holds.
    pub ty: Type,
    /// What it is.
    pub doc: Doc,
    /// Why it should not be used any more.
    pub deprecated: Option<String>,
    /// A value that it may have; of a list, one item.
    pub example: Option<serde_json::Value>,
    /// Request: it must be given. Response: it is always there.
    pub required: bool,
    /// It must be given unless one of these is.
    pub required_unless: Vec<String>,
    /// In characters.
    pub max_length: Option<u32>,
    /// For texts: what they may consist of. Empty where nothing says.
    pub only: Vec<Characters>,
    /// For texts: the characters that none may have.
    pub without: Vec<char>,
    /// For lists.
    pub max_items: Option<u32>,
    /// For `int` and `price`.
    pub range: Option<Range>,
    /// For files, in bytes.
    pub min_size: Option<u64>,
    /// For files, in bytes.
    pub max_size: Option<u64>,
    /// For files: what their names may end in, without the dot. Empty where nothing says.
    pub extensions: Vec<String>,
    /// Where it goes.
    pub placement: Placement,
    /// A credential or a personal secret.
    pub secret: bool,
    /// Sent when the caller gives nothing.
    pub implied: Option<String>,
    /// Of an answer: it repeats the request's field of the same name.
    pub echo: bool,
    /// Of an answer: without it a success says nothing.
    pub essential: bool,
    /// Of an answer: it has the name of one of [`GATEWAY_MEMBERS`], and is the method's own.
    pub own: bool,
    /// The Rust field's name, where it is not the derived one.
    pub rust_name: Option<String>,
}

impl Field {
    /// The first character of a text that the field can't have.
    pub fn misfit(&self, text: &str) -> Option<char> {
        text.chars().find(|&character| {
            let is_listed = self.only.iter().any(|characters| characters.have(character));
            (!self.only.is_empty() && !is_listed) || self.without.contains(&character)
        })
    }
}

/// Characters that a text may consist of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Characters {
    /// Those of ASCII.
    Letters,
    /// `0` to `9`.
    Digits,
    /// This one.
    One(char),
}

impl Characters {
    /// Whether this is one of them.
    pub fn have(self, character: char) -> bool {
        match self {
            Self::Letters => character.is_ascii_alphabetic(),
            Self::Digits => character.is_ascii_digit(),
            Self::One(one) => character == one,
        }
    }
}

/// Inclusive limits, as the spec writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The least value.
    pub min: Option<String>,
    /// The greatest value.
    pub max: Option<String>,
}

/// Where a request field goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Inside `biz_content`.
    Business,
    /// A parameter of its own.
    TopLevel,
    /// A multipart file.
    File,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// A scalar.
    Scalar(Scalar),
    /// A named type.
    Named(TypeRef),
    /// Several of one type.
    List(Box<Type>),
}

/// Where a named type is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeRef {
    /// In the method's (or notification's) file, or in the product's `types.yaml`.
    pub scope: Scope,
    /// The official name.
    pub name: String,
}

/// The file that defines a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The method's or notification's own file.
    Own,
    /// The product's `types.yaml`.
    Shared,
}

/// A type of the spec language itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// Text.
    String,
    /// A whole number.
    Int,
    /// True or false.
    Bool,
    /// Money, two decimals.
    Price,
    /// Beijing time to the second.
    DateTime,
    /// A day.
    Date,
    /// An absolute `http` or `https` URL.
    Url,
    /// An object carried as text in a string.
    Json,
    /// A multipart file.
    File,
}

/// A business error code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// `ACQ.SYSTEM_ERROR`.
    pub code: String,
    /// What a caller can do; `None` where the documentation only names it.
    pub class: Option<ErrorClass>,
    /// What it means; empty where there is no class.
    pub doc: String,
}

/// What a caller can do about an error; `spec/README.md` has the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// Nothing was done; later it may succeed.
    Retry,
    /// It may have been done.
    Unknown,
    /// It had been done before.
    Done,
    /// The request is wrong.
    Request,
    /// The payer, the payee or risk control stands in the way.
    Declined,
    /// The account lacks something.
    Setup,
}

/// One exchange, which is a test too.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// What it shows.
    pub title: String,
    /// The request's fields.
    pub request: serde_json::Map<String, serde_json::Value>,
    /// What comes back.
    pub answer: ExampleAnswer,
}

/// What an example's call is answered with.
#[derive(Clone, Debug, PartialEq)]
pub enum ExampleAnswer {
    /// The response's fields.
    Response(serde_json::Map<String, serde_json::Value>),
    /// An error.
    Error {
        /// `40004`.
        code: String,
        /// `ACQ.TRADE_NOT_EXIST`.
        sub_code: String,
    },
}

/// One kind of notification.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// Its `notify_type` or `msg_method`.
    pub name: String,
    /// The file, relative to `spec/`, with `/`.
    pub file: String,
    /// The official title.
    pub title: String,
    /// What it tells.
    pub doc: String,
    /// The product that it belongs to, and whose feature it is compiled with; `None` where it is always.
    pub product: Option<String>,
    /// The page that the facts come from.
    pub source: String,
    /// Where it is sent.
    pub address: Address,
    /// What is signed.
    pub signature: Signature,
    /// What it carries.
    pub body: Object,
    /// Its own types, in the file's order.
    pub types: Vec<TypeDef>,
}

/// Where a notification is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Address {
    /// The address of the app.
    #[default]
    App,
    /// The `notify_url` of the request that it is about. It repeats fields of that request.
    NotifyUrl,
}

/// Which parameters a notification's signature leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// `sign` and `sign_type`.
    V1,
    /// `sign`.
    V2,
    /// Either: neither rule is proven.
    Unproven,
}

/// `gateway.yaml`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gateway {
    /// The gateway's own `code`s.
    pub codes: Vec<ErrorCode>,
    /// `sub_code`s that any method can be answered with.
    pub errors: Vec<ErrorCode>,
}

impl Spec {
    /// The method of this name.
    pub fn method(&self, name: &str) -> Option<&Method> {
        self.products
            .iter()
            .flat_map(|product| &product.methods)
            .find(|method| method.name == name)
    }

    /// The product of this name.
    pub fn product(&self, name: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.name == name)
    }

    /// The definition that a method's type reference means.
    pub fn resolve<'a>(&'a self, method: &'a Method, reference: &TypeRef) -> Option<&'a TypeDef> {
        let types = match reference.scope {
            Scope::Own => &method.types,
            Scope::Shared => &self.product(&method.product)?.types,
        };
        types.iter().find(|definition| definition.name == reference.name)
    }
}
