//! What was checked, and what came of it.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

/// What is checked of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Aspect {
    Request,
    Response,
    Errors,
    Page,
    App,
    Upload,
    Notification,
}

impl Aspect {
    const ALL: [Self; 7] = [
        Self::Request,
        Self::Response,
        Self::Errors,
        Self::Page,
        Self::App,
        Self::Upload,
        Self::Notification,
    ];
}

impl fmt::Display for Aspect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Request => "request",
            Self::Response => "response",
            Self::Errors => "errors",
            Self::Page => "page",
            Self::App => "app",
            Self::Upload => "upload",
            Self::Notification => "notification",
        })
    }
}

/// The checks of one method or notification.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    name: String,
    /// How many checks of each aspect were made.
    made: BTreeMap<Aspect, usize>,
    problems: Vec<(Aspect, String)>,
    /// How many single values were compared.
    pub(crate) values: usize,
}

impl Checked {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// Notes a check and what is wrong, if anything.
    pub(crate) fn note(&mut self, aspect: Aspect, what: impl fmt::Display, problem: Option<String>) {
        *self.made.entry(aspect).or_default() += 1;
        if let Some(problem) = problem {
            self.problems.push((aspect, format!("{what}: {problem}")));
        }
    }
}

/// All checks of a run.
pub(crate) struct Report {
    pub(crate) checked: Vec<Checked>,
    pub(crate) seed: u64,
}

/// More problems of one kind mostly have the same cause.
const SHOWN: usize = 3;

impl Report {
    /// What is wrong, a line each; empty if nothing is.
    pub(crate) fn problems(&self) -> String {
        let mut problems = String::new();
        for checked in &self.checked {
            for aspect in Aspect::ALL {
                let of_aspect = || checked.problems.iter().filter(move |(of, _)| *of == aspect);
                for (_, problem) in of_aspect().take(SHOWN) {
                    let _ = writeln!(problems, "{} {aspect}: {problem}", checked.name);
                }
                let more = of_aspect().count().saturating_sub(SHOWN);
                if more > 0 {
                    let _ = writeln!(problems, "{} {aspect}: and {more} more", checked.name);
                }
            }
        }
        problems
    }
}

/// The table: how many methods have what, how many passed, and of how many checks.
impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{:<14}{:>8}{:>8}{:>8}", "", "methods", "passed", "checks")?;
        for aspect in Aspect::ALL {
            let concerned = || {
                self.checked
                    .iter()
                    .filter(move |checked| checked.made.contains_key(&aspect))
            };
            let passed = concerned().filter(|checked| checked.problems.iter().all(|(other, _)| *other != aspect));
            let checks: usize = concerned().map(|checked| checked.made[&aspect]).sum();
            writeln!(
                formatter,
                "{aspect:<14}{:>8}{:>8}{checks:>8}",
                concerned().count(),
                passed.count()
            )?;
        }
        let passed = self.checked.iter().filter(|checked| checked.problems.is_empty());
        let values: usize = self.checked.iter().map(|checked| checked.values).sum();
        write!(
            formatter,
            "{} of {} methods and notifications passed; {values} values; seed {}",
            passed.count(),
            self.checked.len(),
            self.seed
        )
    }
}
