use std::{borrow::Cow, fmt};

/// A value from the wire that does not have the expected type.
///
/// The message names the place and what was expected there. It never shows the value, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Innermost first.
    path: Vec<Segment>,
    problem: Cow<'static, str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Name(Box<str>),
    Index(usize),
}

impl DecodeError {
    /// An error at the place where it is returned, such as "expected an amount, found an object".
    pub fn new(problem: impl Into<Cow<'static, str>>) -> Self {
        Self {
            path: Vec::new(),
            problem: problem.into(),
        }
    }

    /// The place, such as `fund_bill_list[0].amount`; empty for the whole value.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for segment in self.path.iter().rev() {
            match segment {
                Segment::Name(name) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(name);
                }
                Segment::Index(index) => {
                    path.push('[');
                    path.push_str(&index.to_string());
                    path.push(']');
                }
            }
        }
        path
    }

    /// What is wrong there.
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// The same error for the whole value: the place inside becomes part of the problem.
    pub(super) fn of_the_whole(self) -> Self {
        if self.path.is_empty() {
            self
        } else {
            Self::new(format!("at `{}`: {}", self.path(), self.problem))
        }
    }

    pub(crate) fn within(mut self, name: &str) -> Self {
        self.path.push(Segment::Name(name.into()));
        self
    }

    pub(crate) fn at(mut self, index: usize) -> Self {
        self.path.push(Segment::Index(index));
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            formatter.write_str(&self.problem)
        } else {
            write!(formatter, "`{}`: {}", self.path(), self.problem)
        }
    }
}

impl std::error::Error for DecodeError {}
