//! What is written down as it stands: every name and sentence is decided.

use crate::ir;

/// Everything that is generated.
pub(crate) struct Library<'a> {
    pub(crate) products: Vec<Product<'a>>,
    pub(crate) notifications: Vec<Notification<'a>>,
    pub(crate) gateway: Option<Gateway<'a>>,
}

/// The gateway's own codes.
pub(crate) struct Gateway<'a> {
    pub(crate) codes: ErrorEnum<'a>,
    pub(crate) errors: ErrorEnum<'a>,
}

/// A product's module.
pub(crate) struct Product<'a> {
    /// Folder and feature.
    pub(crate) name: &'a str,
    /// Module and function of the client.
    pub(crate) ident: String,
    pub(crate) handle: String,
    /// In a user's crate: the trait that gives the client a function, and that function.
    pub(crate) extension: (String, String),
    pub(crate) doc: Doc,
    /// Of the client's function.
    pub(crate) client_doc: Doc,
    pub(crate) methods: Vec<Method<'a>>,
    pub(crate) types: Vec<Item<'a>>,
}

/// A method's module.
pub(crate) struct Method<'a> {
    /// The spec's path.
    pub(crate) file: &'a str,
    /// Without any escape, as the file is named.
    pub(crate) module: String,
    /// Module and function, escaped.
    pub(crate) ident: String,
    pub(crate) module_doc: Doc,
    /// By what else documentation finds the request.
    pub(crate) aliases: Vec<&'a str>,
    /// Of the function on the handle.
    pub(crate) call_doc: Doc,
    pub(crate) request: Struct<'a>,
    pub(crate) response: Struct<'a>,
    /// `None` where it documents no codes.
    pub(crate) error: Option<ErrorEnum<'a>>,
    pub(crate) types: Vec<Item<'a>>,
    pub(crate) info: Info<'a>,
}

/// The facts that go with a request.
pub(crate) struct Info<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: ir::Kind,
    pub(crate) certificate_only: bool,
    pub(crate) encrypted: bool,
    pub(crate) page: Option<Page<'a>>,
    pub(crate) retry: &'a ir::Retry,
    pub(crate) v3: Option<&'a ir::V3>,
    pub(crate) top_level: Vec<&'a str>,
    pub(crate) files: Vec<&'a str>,
    /// Files of which more is known than that they are.
    pub(crate) file_limits: Vec<&'a ir::Field>,
    pub(crate) implied: Vec<(&'a str, &'a str)>,
    pub(crate) secret: Vec<&'a str>,
    pub(crate) pending: Vec<&'a str>,
    pub(crate) done: Vec<&'a str>,
    pub(crate) without_code: bool,
    pub(crate) own_members: Vec<&'a str>,
    pub(crate) echoes: Vec<&'a str>,
    pub(crate) essential: Vec<&'a str>,
    pub(crate) of_query: Vec<&'a str>,
}

/// How a list is read page by page.
pub(crate) struct Page<'a> {
    pub(crate) fields: &'a ir::Page,
    /// Those of the request's two fields that hold the number as text.
    pub(crate) texts: Vec<&'a str>,
    /// The place of the list in the response's fields, where all of it can be read.
    pub(crate) items: Option<usize>,
}

/// A notification's module.
pub(crate) struct Notification<'a> {
    pub(crate) file: &'a str,
    /// The product whose feature it is compiled with.
    pub(crate) product: Option<&'a str>,
    pub(crate) address: ir::Address,
    pub(crate) signature: ir::Signature,
    pub(crate) name: &'a str,
    pub(crate) module: String,
    pub(crate) ident: String,
    pub(crate) module_doc: Doc,
    pub(crate) variant_doc: Doc,
    pub(crate) body: Struct<'a>,
    pub(crate) types: Vec<Item<'a>>,
}

/// Lines of documentation, each as it follows `///`.
pub(crate) type Doc = Vec<String>;

/// A named type.
pub(crate) enum Item<'a> {
    Struct(Struct<'a>),
    Enum(Enum<'a>),
}

impl Item<'_> {
    /// The type's name.
    pub(crate) fn ident(&self) -> &str {
        match self {
            Self::Struct(object) => &object.ident,
            Self::Enum(listed) => &listed.ident,
        }
    }
}

/// An object.
pub(crate) struct Struct<'a> {
    pub(crate) ident: String,
    pub(crate) doc: Doc,
    /// Why it should not be used any more: a method's request.
    pub(crate) deprecated: Option<String>,
    pub(crate) fields: Vec<Field<'a>>,
    pub(crate) constructors: Vec<Constructor>,
    /// The struct in which constructors take what must be given, where they take it by name.
    pub(crate) by_name: Option<ByName>,
    pub(crate) setters: Vec<Setter>,
    /// Whether it has `Default`.
    pub(crate) default: bool,
    /// Names on the wire whose absence is refused.
    pub(crate) required: Vec<&'a str>,
    /// Groups of which at least one must be given; what must be given and can be empty is a group of its own.
    pub(crate) at_least_one: Vec<Vec<&'a str>>,
}

pub(crate) struct Field<'a> {
    /// On the wire.
    pub(crate) wire: &'a str,
    pub(crate) ident: String,
    pub(crate) doc: Doc,
    /// Why it should not be used any more.
    pub(crate) deprecated: Option<String>,
    pub(crate) base: Base,
    pub(crate) holder: Holder,
}

/// A function that makes a struct of some fields, blank but for these.
pub(crate) struct Constructor {
    pub(crate) ident: String,
    pub(crate) doc: Doc,
    /// Places in [`Struct::fields`], in the order of the parameters.
    pub(crate) parameters: Vec<usize>,
}

/// A struct of required fields.
pub(crate) struct ByName {
    pub(crate) ident: String,
    pub(crate) doc: Doc,
    /// Places in [`Struct::fields`].
    pub(crate) fields: Vec<usize>,
}

/// A function that sets a field.
pub(crate) struct Setter {
    pub(crate) ident: String,
    pub(crate) doc: Doc,
    /// The place in [`Struct::fields`].
    pub(crate) field: usize,
}

/// How a field holds its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    Plain,
    Option,
    /// `Option<Box<_>>`: the type contains itself here.
    OptionBox,
    Vec,
}

/// A value's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    String,
    I64,
    Bool,
    Price,
    DateTime,
    Date,
    Json,
    File,
    Secret,
    /// A type of the same module, by name.
    Here {
        ident: String,
        is_enum: bool,
    },
    /// A type of the product's `types`.
    Shared {
        ident: String,
        is_enum: bool,
    },
}

impl Base {
    /// Whether a value can be empty text.
    pub(crate) fn can_be_empty(&self) -> bool {
        // What converts from text.
        self.converts()
    }

    /// Whether parameters take whatever converts into it.
    pub(crate) fn converts(&self) -> bool {
        match self {
            Self::String | Self::Json | Self::Secret => true,
            Self::I64 | Self::Bool | Self::Price | Self::DateTime | Self::Date | Self::File => false,
            Self::Here { is_enum, .. } | Self::Shared { is_enum, .. } => *is_enum,
        }
    }
}

/// The values of an open enum.
pub(crate) struct Enum<'a> {
    pub(crate) ident: String,
    pub(crate) doc: Doc,
    pub(crate) variants: Vec<Variant<'a>>,
}

pub(crate) struct Variant<'a> {
    /// On the wire.
    pub(crate) wire: &'a str,
    pub(crate) ident: String,
    pub(crate) doc: Doc,
    /// Why it should not be used any more.
    pub(crate) deprecated: Option<String>,
}

/// Error codes.
pub(crate) struct ErrorEnum<'a> {
    pub(crate) codes: Enum<'a>,
    /// The variants of each class, and of none; classes that have some.
    pub(crate) classes: Vec<(Option<ir::ErrorClass>, Vec<String>)>,
}
