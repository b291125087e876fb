//! Problems as they are found.

use std::cell::RefCell;

use super::code::Code;
use super::diagnostic::{Diagnostic, Diagnostics};
use super::quote::Quote;
use super::span::Span;
use crate::source::SourceFile;

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
    let quote = Quote::new(&file.text, problem.span);
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
