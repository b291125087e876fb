//! The kinds of problems. Their numbers stay: a number that is no longer used isn't given to another.

use std::fmt;

macro_rules! codes {
    ($($name:ident = $id:literal, $summary:literal;)*) => {
        /// A kind of problem, by its stable number: `E01..` files, `E02..` keys and values, `E03..` names, `E04..` types,
        /// `E05..` fields, `E06..` methods, `E07..` error codes, `E08..` examples.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $summary] $name,)*
        }

        impl Code {
            /// All of them, by number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The number, `E0201`.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// What is wrong, in general.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$name => $summary,)* }
            }
        }
    };
}

codes! {
    NotYaml = "E0101", "The file is not YAML.";
    YamlFeature = "E0102", "The file uses a part of YAML that is not allowed in a spec.";
    StrayFile = "E0103", "A file stands where specs have none.";
    ControlCharacter = "E0104", "The file has a tab, a carriage return or another control character.";
    RepeatedFile = "E0105", "The same path was given twice.";
    NotUtf8 = "E0106", "The file is not UTF-8.";

    UnknownKey = "E0201", "A key that the spec language does not have here.";
    MissingKey = "E0202", "A key that must be there is not.";
    DuplicateKey = "E0203", "A key stands twice in one mapping.";
    WrongKind = "E0204", "A mapping, a list, text, a number or `true` was expected.";
    UnknownWord = "E0205", "A word that is not one of the known ones.";
    EmptyText = "E0206", "A text is empty.";
    SaysNothing = "E0207", "A value that holds without being written.";
    Label = "E0208", "A `label` that is no name.";
    Filler = "E0209", "A `doc` that only repeats the name.";
    NoLabel = "E0210", "A field or a type whose Chinese name is neither given nor said to be missing.";

    FileName = "E0301", "The file is not named as what it describes.";
    WrongFolder = "E0302", "The method belongs to another product.";
    Malformed = "E0303", "A name, code or address is malformed.";
    SameRustName = "E0304", "Two things would have the same name in Rust.";
    NeedlessRustName = "E0305", "A `rust_name` that changes nothing.";
    NeedsRustName = "E0306", "No name in Rust can be derived.";
    LargeProduct = "E0307", "A product has too many methods.";

    UnknownType = "E0401", "A type that is neither a scalar nor defined.";
    ShadowedType = "E0402", "A method's type has the name of a shared one.";
    UnusedType = "E0403", "A type that nothing uses.";
    InfiniteType = "E0404", "A type that contains itself without end.";
    TypeBody = "E0405", "A type has neither `fields` nor `values`, or both.";
    SharedByOne = "E0406", "A shared type or error code that only one method uses.";
    Unsorted = "E0407", "The shared types or error codes are not in the order of their names.";

    UnknownField = "E0501", "A field is named that is not there.";
    PointlessCondition = "E0502", "A condition that always holds, or never.";
    MisplacedLimit = "E0503", "A limit that the field's type cannot have.";
    MalformedRange = "E0504", "A range that is malformed or empty.";
    MisplacedSecret = "E0505", "`secret` on something other than a string.";
    MisplacedImplied = "E0506", "`implied` on a field that cannot have it.";
    Placement = "E0507", "A field that cannot go where it should.";
    RequestOnly = "E0508", "A key that only requests have.";
    AnswerOnly = "E0509", "A key that only the answers to server calls have.";
    FieldExample = "E0510", "A field's `example` does not fit the field.";
    FileLimit = "E0511", "A file's size or name endings are malformed.";
    Constructor = "E0512", "`new` does not order the required fields, or an order does not tell them apart.";
    OwnMember = "E0513", "A field that may be the gateway's instead of the method's own.";
    Characters = "E0514", "What a text may consist of is malformed.";

    Retry = "E0601", "`retry` does not fit the method's kind.";
    V3 = "E0602", "The V3 path or its parameters are malformed.";
    Outcome = "E0603", "An outcome's code is malformed or does not fit.";
    UploadWithoutFile = "E0604", "An upload without a file.";
    AskedMethod = "E0605", "The method to ask is nearly one that has a spec.";
    Kinds = "E0606", "Kinds that a method cannot have together.";
    Page = "E0607", "`page` does not fit the method or its fields.";

    UnknownError = "E0701", "An error code that is not described.";
    RepeatedError = "E0702", "An error code that is described elsewhere already.";
    UnlistedError = "E0703", "A shared error code that no method lists.";

    ExampleField = "E0801", "An example has a field that the method has not.";
    ExampleValue = "E0802", "An example's value does not fit the field.";
    ExampleMissing = "E0803", "An example lacks a field.";
    ExampleAnswer = "E0804", "An example's answer is missing or double.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
