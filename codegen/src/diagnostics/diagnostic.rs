//! Problems as they are shown: place, quoted line, underline, help.

use std::fmt;

use super::code::Code;
use super::quote::Quote;

/// One problem, with the place it stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub(super) code: Code,
    pub(super) path: String,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) message: String,
    pub(super) help: String,
    pub(super) quote: Quote,
}

impl Diagnostic {
    /// The kind of problem.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The file, relative to `spec/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to write instead.
    pub fn help(&self) -> &str {
        &self.help
    }
}

/// Every problem of every file, by file, line and column. Its [`Display`](fmt::Display) is what a maintainer reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics(pub(super) Vec<Diagnostic>);

impl Diagnostics {
    /// The problems, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// The same with paths that begin with `folder`, so that an editor or a terminal can open them.
    #[must_use]
    pub fn within(mut self, folder: &str) -> Self {
        for diagnostic in &mut self.0 {
            diagnostic.path = format!("{}/{}", folder.trim_end_matches('/'), diagnostic.path);
        }
        self
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in &self.0 {
            writeln!(f, "{diagnostic}")?;
        }
        let files = self.0.chunk_by(|one, other| one.path == other.path).count();
        let (problem, file) = (plural(self.0.len(), "problem"), plural(files, "file"));
        write!(f, "{} {problem} in {files} {file}", self.0.len())
    }
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 {
        noun.to_owned()
    } else {
        format!("{noun}s")
    }
}

impl std::error::Error for Diagnostics {}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            code,
            path,
            line,
            column,
            message,
            help,
            quote,
        } = self;
        let margin = line.to_string().len();
        let (text, underline) = (&quote.text, &quote.underline);
        writeln!(f, "error[{code}]: {message}")?;
        writeln!(f, "{:margin$}--> {path}:{line}:{column}", "")?;
        writeln!(f, "{:margin$} |", "")?;
        writeln!(f, "{line} | {text}")?;
        writeln!(f, "{:margin$} | {underline}", "")?;
        writeln!(f, "{:margin$} = help: {help}", "")
    }
}
