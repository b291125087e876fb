//! The official .NET SDK's tree of V2: `Request/*.cs`, `Response/*.cs` and `Domain/*.cs`, one class a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::files::{self, Problems};

/// What the tree says.
pub(super) struct Net {
    folder: PathBuf,
    /// By the gateway's names.
    pub(super) methods: BTreeMap<String, Method>,
    /// Objects, the content of requests among them.
    pub(super) types: BTreeMap<String, Vec<Member>>,
}

pub(super) struct Method {
    /// What its request is called, without `Request`.
    pub(super) class: String,
    /// What is said of its content, often a title.
    pub(super) about: String,
    pub(super) params: Vec<Member>,
    pub(super) files: Vec<Member>,
    pub(super) response: Vec<Member>,
}

/// A property of a class.
#[derive(Clone)]
pub(super) struct Member {
    /// On the wire; empty where only a request's `GetParameters` has it.
    pub(super) wire: String,
    /// In C#.
    property: String,
    /// Of its file, from 1.
    line: usize,
    pub(super) ty: String,
    pub(super) list: bool,
    pub(super) about: String,
}

impl Net {
    /// The members of an object; `None` of a type that is none. What has no file goes to the problems.
    pub(super) fn object(&self, ty: &str, problems: &mut Problems) -> Option<&[Member]> {
        const PLAIN: [&str; 6] = ["string", "int", "bool", "float", "datetime", "file"];
        let members = self.types.get(ty);
        if members.is_none() && !PLAIN.contains(&ty) {
            problems.add(&self.folder.join(format!("Domain/{ty}.cs")), 1, "the file is missing");
        }
        members.map(Vec::as_slice)
    }
}

/// Whether this is such a tree.
pub(super) fn is_here(folder: &Path) -> bool {
    folder.join("Request").is_dir() && folder.join("Domain").is_dir()
}

/// Reads a tree. What is not understood goes to the problems.
pub(super) fn read(folder: &Path, problems: &mut Problems) -> Result<Net, String> {
    let mut types = BTreeMap::new();
    for (path, text) in files::with_extension(&folder.join("Domain"), "cs")? {
        types.insert(files::stem(&path), named(&path, &text, problems));
    }
    let mut responses = BTreeMap::new();
    for (path, text) in files::with_extension(&folder.join("Response"), "cs")? {
        responses.insert(files::stem(&path), named(&path, &text, problems));
    }
    let mut methods = BTreeMap::new();
    for (path, text) in files::with_extension(&folder.join("Request"), "cs")? {
        let Some((name, method)) = request(&path, &text, &responses, problems) else {
            continue;
        };
        if methods.insert(name.clone(), method).is_some() {
            problems.add(&path, 1, &format!("{name} has another file too"));
        }
    }
    Ok(Net {
        folder: folder.to_owned(),
        methods,
        types,
    })
}

/// The properties of a class that says what each of them is called on the wire.
fn named(path: &Path, text: &str, problems: &mut Problems) -> Vec<Member> {
    let members = members(path, text, problems);
    for member in members.iter().filter(|member| member.wire.is_empty()) {
        let problem = format!("the property {} has no name on the wire", member.property);
        problems.add(path, member.line, &problem);
    }
    members
}

/// The properties of a class, from its beginning to its end or to the region of what all requests have.
fn members(path: &Path, text: &str, problems: &mut Problems) -> Vec<Member> {
    let mut members = Vec::new();
    let (mut about, mut in_summary, mut wire) = (String::new(), false, String::new());
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines().map(str::trim)) {
        if line.starts_with("#region") {
            break;
        }
        if let Some(comment) = line.strip_prefix("///") {
            match comment.trim() {
                "<summary>" => {
                    about.clear();
                    in_summary = true;
                }
                "</summary>" => in_summary = false,
                words if in_summary => about.push_str(words),
                _ => {}
            }
        } else if in_summary {
            // A summary goes over several lines, of which only the first has the mark of a comment.
            about.push_str(line);
            in_summary = !line.contains("</summary>");
        } else if let Some(attribute) = line.strip_prefix('[') {
            match attribute.split(['(', ']']).next() {
                Some("XmlElement" | "XmlArray") => match attribute.split('"').nth(1) {
                    Some(name) => name.clone_into(&mut wire),
                    None => problems.line(path, number, line),
                },
                Some("XmlArrayItem" | "Serializable") => {}
                _ => problems.line(path, number, line),
            }
        } else if line.starts_with("public class ") {
            about.clear();
        } else if let Some(rest) = line.strip_prefix("public ") {
            match property(rest) {
                Some((ty, list, property)) => members.push(Member {
                    wire: std::mem::take(&mut wire),
                    property,
                    line: number,
                    ty,
                    list,
                    about: std::mem::take(&mut about),
                }),
                None => problems.line(path, number, line),
            }
        } else if !["", "{", "}"].contains(&line) && !line.starts_with("using ") && !line.starts_with("namespace ") {
            problems.line(path, number, line);
        }
    }
    members
}

/// The type of `List<string> Names { get; set; }`, whether there are several, and the property's name.
fn property(line: &str) -> Option<(String, bool, String)> {
    let (declaration, accessors) = line.split_once('{')?;
    if accessors.split_whitespace().collect::<String>() != "get;set;}" {
        return None;
    }
    let (ty, name) = declaration.trim().rsplit_once(' ')?;
    let inside = |generic: &str| Some(ty.strip_prefix(generic)?.strip_prefix('<')?.strip_suffix('>')?.trim());
    let (ty, list) = match (inside("List"), inside("Nullable")) {
        (Some(item), _) => (item, true),
        (None, Some(value)) => (value, false),
        (None, None) => (ty.trim().trim_end_matches('?'), false),
    };
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    // `Aop.Api.Domain.Version`, where a class of the system is called so too.
    let ty = match ty.rsplit('.').next().unwrap_or(ty) {
        "long" | "int" => "int",
        "double" => "float",
        "DateTime" => "datetime",
        "FileItem" => "file",
        other => other,
    };
    (is_name(ty) && is_name(name)).then(|| (ty.to_owned(), list, name.to_owned()))
}

/// A method, by its request.
fn request(
    path: &Path,
    text: &str,
    responses: &BTreeMap<String, Vec<Member>>,
    problems: &mut Problems,
) -> Option<(String, Method)> {
    let stem = files::stem(path);
    let Some(class) = stem.strip_suffix("Request") else {
        problems.add(path, 1, "the file is no request's");
        return None;
    };
    let members = members(path, text, problems);
    let mut name = None;
    let (mut params, mut files) = (Vec::new(), Vec::new());
    let mut inside = "";
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        for function in ["GetApiName", "GetParameters", "GetFileParameters"] {
            if line.starts_with("public ") && line.contains(&format!("{function}()")) {
                inside = function;
            }
        }
        if inside == "GetApiName" && line.starts_with("return ") {
            name = line.split('"').nth(1).map(str::to_owned);
            inside = "";
        }
        if !inside.ends_with("Parameters") {
            continue;
        }
        let Some((_, added)) = line.split_once("parameters.Add(") else {
            continue;
        };
        let (Some(wire), Some(property)) = (added.split('"').nth(1), used(added)) else {
            problems.line(path, number, line);
            continue;
        };
        if wire == "biz_content" {
            continue;
        }
        let Some(member) = members.iter().find(|member| member.property == property) else {
            problems.line(path, number, line);
            continue;
        };
        let list = if inside == "GetParameters" {
            &mut params
        } else {
            &mut files
        };
        list.push(Member {
            wire: wire.to_owned(),
            ..member.clone()
        });
    }
    let Some(name) = name else {
        problems.add(path, 1, "the request does not say which method it is of");
        return None;
    };
    let response = responses.get(&format!("{class}Response")).cloned().unwrap_or_else(|| {
        problems.add(path, 1, &format!("Response/{class}Response.cs is missing"));
        Vec::new()
    });
    let content = members.iter().find(|member| member.property == "BizContent");
    let method = Method {
        class: class.to_owned(),
        about: content.map(|member| member.about.clone()).unwrap_or_default(),
        params,
        files,
        response,
    };
    Some((name, method))
}

/// The property of `"name", this.Property);`.
fn used(added: &str) -> Option<&str> {
    let (_, rest) = added.split_once("this.")?;
    rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .next()
}
