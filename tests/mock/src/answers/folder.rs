//! Answers in files: a folder with one JSON file for each method.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Answer, AnswerError, Answers};
use crate::protocol::json;
use crate::specs::Specs;

/// Why the files of a folder can't be ordered as answers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerFilesError {
    /// The folder can't be read.
    #[error("cannot read {folder}")]
    Read {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Files are not sound: the problem of each file, with its path.
    #[error("the answers are not sound:\n{}", .0.join("\n"))]
    Unsound(Vec<String>),
}

/// Orders what the files of a folder say, if all of them are sound. Hidden files are no answers.
pub(crate) fn order(folder: &Path, specs: &Specs, answers: &Answers) -> Result<(), AnswerFilesError> {
    let unreadable = |source| AnswerFilesError::Read {
        folder: folder.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        if let Some(name) = name.filter(|name| !name.starts_with('.')) {
            files.push((path, name));
        }
    }
    files.sort();
    let problem = |(path, name): &(PathBuf, String)| {
        let ordered = one(path, name, specs, answers);
        ordered.err().map(|problem| format!("{}: {problem}", path.display()))
    };
    let problems: Vec<_> = files.iter().filter_map(problem).collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(AnswerFilesError::Unsound(problems))
    }
}

/// Orders what one file says.
fn one(path: &Path, name: &str, specs: &Specs, answers: &Answers) -> Result<(), String> {
    let method = name.strip_suffix(".json").filter(|_| path.is_file());
    let method =
        method.ok_or("not an answer: the folder has one JSON file for each method, such as alipay.trade.query.json")?;
    if specs.method(method).is_none() {
        return Err(format!(
            "no spec describes the method `{method}`: correct the file's name, or add the method's spec"
        ));
    }
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let answer = json::object(&text).map_err(|problem| format!("not a JSON answer: {problem}"))?;
    let ordered = answers.order(specs, method, Answer::from(serde_json::Value::from(answer)));
    ordered.map_err(|error| match error {
        AnswerError::Field { field, rule, .. } => format!("{field}: {rule}"),
        AnswerError::NotText { member, .. } => format!("{member}: must be text"),
        error => error.to_string(),
    })
}
