//! `gateway.yaml`.

use std::collections::HashMap;

use super::errors::{self, described};
use super::reader::Reader;
use super::spec_file::SpecFile;
use crate::ir::{ErrorCode, Gateway};
use crate::syntax::Node;

pub(super) fn gateway(reader: Reader<'_>, file: SpecFile<'_>) -> Gateway {
    let map = file
        .tree
        .as_ref()
        .and_then(|tree| reader.map(tree, file.at, &["codes", "errors"]));
    let Some(map) = map else { return Gateway::default() };
    Gateway {
        codes: codes(reader, map.get("codes")),
        errors: codes(reader, map.get("errors")),
    }
}

fn codes<'a>(reader: Reader<'_>, node: Option<&'a Node<'a>>) -> Vec<ErrorCode> {
    let mut variants = HashMap::new();
    let mut codes: Vec<ErrorCode> = Vec::new();
    for code in described(reader, node, false) {
        errors::variant(reader, &mut variants, &code.error.code, code.span);
        codes.push(code.error);
    }
    codes.sort_by(|one, other| one.code.cmp(&other.code));
    codes
}
