//! Groups of fields of which at least one must be given.

use super::named;
use super::reader::{Reader, Text};
use crate::diagnostics::{Code, Span};
use crate::ir::{Field, Object};
use crate::syntax::{Kind, Node};

/// Reads `one_of`, and the `required_unless` of the fields at the given places, into `at_least_one`.
pub(super) fn conditions<'a>(
    reader: Reader<'_>,
    object: &mut Object,
    one_of: Option<&'a Node<'a>>,
    unless: &[(usize, &'a Node<'a>)],
) {
    let mut groups: Vec<Vec<String>> = Vec::new();
    for node in one_of.map(|node| reader.list(node)).unwrap_or_default() {
        let Some(group) = group(reader, object, reader.texts(node)) else {
            continue;
        };
        if group.len() < 2 {
            let message = "a group of one field means the same as `required`";
            reader.add(
                Code::PointlessCondition,
                node.span,
                message,
                "name two or more, or make the field `required: true`",
            );
        } else if let Some(same) = groups.iter().find(|other| same(other, &group)) {
            let message = format!("the group of `{}` is listed twice", same.join("`, `"));
            reader.add(Code::PointlessCondition, node.span, message, "keep one of the two");
        } else {
            groups.push(group);
        }
    }
    for &(index, node) in unless {
        let others = match &node.kind {
            Kind::Scalar { .. } => reader.optional_text(node).into_iter().collect(),
            _ => reader.texts(node),
        };
        let owner = object.fields[index].name.clone();
        if object.fields[index].required {
            pointless(reader, node.span, &object.fields[index]);
        }
        if others.iter().any(|other| other.text == owner) {
            let message = "a field cannot stand in for itself";
            reader.add(Code::PointlessCondition, node.span, message, "name another field");
            continue;
        }
        let Some(others) = group(reader, object, others).filter(|others| !others.is_empty()) else {
            continue;
        };
        object.fields[index].required_unless.clone_from(&others);
        let group: Vec<String> = std::iter::once(owner).chain(others).collect();
        // Two fields may each name the other, and `one_of` may say it for both: it is one condition.
        if !groups.iter().any(|other| same(other, &group)) {
            groups.push(group);
        }
    }
    object.at_least_one = groups;
}

/// The named fields, if they are all there and could be missing.
fn group(reader: Reader<'_>, object: &Object, members: Vec<Text<'_>>) -> Option<Vec<String>> {
    let mut group = Vec::with_capacity(members.len());
    let mut sound = true;
    for member in members {
        let Some(field) = named::resolve(reader, object, member) else {
            sound = false;
            continue;
        };
        if field.required || field.implied.is_some() {
            pointless(reader, member.span, field);
            sound = false;
        }
        if group.contains(&field.name) {
            let message = format!("`{}` is listed twice", field.name);
            reader.add(Code::PointlessCondition, member.span, message, "name each field once");
            sound = false;
        } else {
            group.push(field.name.clone());
        }
    }
    sound.then_some(group)
}

fn pointless(reader: Reader<'_>, span: Span, field: &Field) {
    let message = format!("`{}` is always given, so this condition says nothing", field.name);
    reader.add(
        Code::PointlessCondition,
        span,
        message,
        "drop the condition, or `required` and `implied`",
    );
}

fn same(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().all(|name| other.contains(name))
}
