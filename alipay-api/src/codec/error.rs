use std::{borrow::Cow, fmt};

/// Text from the wire does not hold what its type says.
///
/// It names the place and what was expected there, never the value: that may be a secret.
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
    /// An error of this sort, at the place where it is returned from: "expected an amount, found an object".
    pub fn new(problem: impl Into<Cow<'static, str>>) -> Self {
        Self {
            path: Vec::new(),
            problem: problem.into(),
        }
    }

    /// The place, `fund_bill_list[0].amount`; empty for the whole.
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

    /// The same error, said of the whole and not of the place inside: that is part of the problem.
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
