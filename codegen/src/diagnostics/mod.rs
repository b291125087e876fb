//! What is wrong with specs: collected while they are read, shown all at once.

mod code;
mod render;

use std::cell::RefCell;
use std::fmt;

use crate::source::SourceFile;
pub use code::Code;

/// A range of bytes in one of the files being loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The file's index.
    pub(crate) file: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    /// The start of a file.
    pub(crate) const fn start_of(file: u32) -> Self {
        Self { file, start: 0, end: 0 }
    }
}

/// One problem, with the place it stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    code: Code,
    path: String,
    line: usize,
    column: usize,
    message: String,
    help: String,
    quote: render::Quote,
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
pub struct Diagnostics(Vec<Diagnostic>);

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

/// Where the readers put what they find. Shared by all of them, hence the cell.
#[derive(Default)]
pub(crate) struct Report {
    problems: RefCell<Vec<Problem>>,
}

struct Problem {
    code: Code,
    span: Span,
    message: String,
    help: String,
}

impl Report {
    /// Notes a problem and what to write instead.
    pub(crate) fn add(&self, code: Code, span: Span, message: impl Into<String>, help: impl Into<String>) {
        let problem = Problem {
            code,
            span,
            message: message.into(),
            help: help.into(),
        };
        self.problems.borrow_mut().push(problem);
    }

    /// The diagnostics, in order; `None` when all is well.
    pub(crate) fn finish(self, files: &[SourceFile]) -> Option<Diagnostics> {
        let mut problems = self.problems.into_inner();
        // `files` is sorted by path, so the index sorts as the path does.
        problems.sort_by(|one, other| key(one).cmp(&key(other)));
        problems.dedup_by(|one, other| key(one) == key(other));
        let diagnostics: Vec<_> = problems
            .into_iter()
            .filter_map(|problem| locate(problem, files))
            .collect();
        (!diagnostics.is_empty()).then_some(Diagnostics(diagnostics))
    }
}

fn key(problem: &Problem) -> (u32, u32, Code, &str) {
    (problem.span.file, problem.span.start, problem.code, &problem.message)
}

fn locate(problem: Problem, files: &[SourceFile]) -> Option<Diagnostic> {
    let file = files.get(problem.span.file as usize)?;
    let quote = render::Quote::new(&file.text, problem.span);
    Some(Diagnostic {
        code: problem.code,
        path: file.path.clone(),
        line: quote.line,
        column: quote.column,
        message: problem.message,
        help: problem.help,
        quote,
    })
}
