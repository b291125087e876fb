//! The official PHP SDK's tree of V3: `Api/*.php`, and of `Model/*.php` the contents and error codes of requests.

use std::collections::BTreeMap;
use std::path::Path;

use super::files::{self, Problems};

/// A method's form in V3.
pub(super) struct Operation {
    pub(super) title: String,
    pub(super) verb: String,
    pub(super) path: String,
    pub(super) query: Vec<String>,
    pub(super) path_params: Vec<String>,
    /// The fields of its body.
    pub(super) body: Vec<String>,
    pub(super) multipart: bool,
    pub(super) error_codes: Vec<String>,
}

/// Whether this is such a tree.
pub(super) fn is_here(folder: &Path) -> bool {
    folder.join("Api").is_dir() && folder.join("Model").is_dir()
}

/// Reads a tree: the methods by [`key`]. What is not understood goes to the problems.
pub(super) fn read(folder: &Path, problems: &mut Problems) -> Result<BTreeMap<String, Operation>, String> {
    let mut operations = BTreeMap::new();
    for (path, text) in files::with_extension(&folder.join("Api"), "php")? {
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        for (at, line) in lines.iter().enumerate() {
            let function = line
                .trim()
                .strip_prefix("public function ")
                .and_then(|rest| rest.split('(').next());
            let Some(function) = function.and_then(|name| name.strip_suffix("Request")) else {
                continue;
            };
            let end = lines[at..]
                .iter()
                .position(|line| *line == "    }")
                .map_or(lines.len(), |length| at + length);
            let Some((class, operation)) = operation(folder, &lines, function, &lines[at..end])? else {
                problems.line(&path, at + 1, line);
                continue;
            };
            if operations.insert(key(&class), operation).is_some() {
                problems.add(&path, at + 1, &format!("{class} is there twice"));
            }
        }
    }
    Ok(operations)
}

/// What a method's name and its class in the SDKs have in common.
pub(super) fn key(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// The operation of a function, with the name of its class; `None` where something of it is missing.
fn operation(
    folder: &Path,
    lines: &[&str],
    function: &str,
    body: &[&str],
) -> Result<Option<(String, Operation)>, String> {
    let quoted = |line: &str| line.split('\'').nth(1).map(str::to_owned);
    let with = |word: &str| body.iter().find(|line| line.contains(word));
    let path = with("$resourcePath = '").and_then(|line| quoted(line));
    let verb = with("->sign('").and_then(|line| quoted(line));
    let mut query = Vec::new();
    for (at, line) in body.iter().enumerate() {
        if line.trim_end().ends_with("toQueryValue(") {
            let Some(name) = body.get(at + 2).and_then(|line| quoted(line)) else {
                return Ok(None);
            };
            query.push(name);
        }
    }
    let path_params = body.iter().filter_map(|line| {
        let (_, rest) = line.split_once("'{' . '")?;
        Some(rest.split('\'').next()?.to_owned())
    });
    let headers = body.iter().position(|line| line.contains("selectHeaders("));
    let multipart = headers
        .and_then(|at| body.get(at + 2))
        .is_some_and(|line| line.contains("multipart/form-data"));

    let begin = lines
        .iter()
        .position(|line| line.trim() == format!("* Operation {function}"));
    let Some((begin, (path, verb))) = begin.zip(path.zip(verb)) else {
        return Ok(None);
    };
    let docs: Vec<&str> = lines[begin + 1..]
        .iter()
        .map(|line| line.trim())
        .take_while(|line| *line != "*/")
        .collect();
    let title = docs
        .iter()
        .map(|line| line.trim_start_matches('*').trim())
        .find(|line| !line.is_empty());
    let class = docs.iter().find(|line| line.contains("@return ")).and_then(|line| {
        let (before, _) = line.split_once("DefaultResponse")?;
        before.rsplit('\\').next().map(str::to_owned)
    });
    let Some(class) = class else { return Ok(None) };
    let model = docs
        .iter()
        .filter(|line| line.starts_with("* @param "))
        .find_map(|line| {
            let ty = line.split_whitespace().nth(2)?;
            ty.strip_prefix("\\Alipay\\OpenAPISDK\\Model\\")
        });
    let fields = match model {
        Some(model) => {
            let text = files::text(&folder.join(format!("Model/{model}.php")))?;
            let Some(text) = text else { return Ok(None) };
            let map = text
                .split_once("attributeMap = [")
                .map(|(_, rest)| rest.split("];").next().unwrap_or_default());
            let Some(map) = map else { return Ok(None) };
            map.lines()
                .filter_map(|line| line.split('\'').nth(3).map(str::to_owned))
                .collect()
        }
        None => Vec::new(),
    };
    let errors = files::text(&folder.join(format!("Model/{class}ErrorResponseModel.php")))?;
    let Some(errors) = errors else { return Ok(None) };
    let codes = errors
        .lines()
        .filter(|line| line.trim().starts_with("public const CODE_"));
    let operation = Operation {
        title: title.unwrap_or_default().to_owned(),
        verb,
        path,
        query,
        path_params: path_params.collect(),
        body: fields,
        multipart,
        error_codes: codes.filter_map(quoted).collect(),
    };
    Ok(Some((class, operation)))
}
