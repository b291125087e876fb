//! What was checked, and what came of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
};

use crate::modes::Mode;

/// What is checked of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Aspect {
    Request,
    Response,
    Errors,
    List,
    Page,
    App,
    Upload,
    Notification,
}

impl Aspect {
    const ALL: [Self; 8] = [
        Self::Request,
        Self::Response,
        Self::Errors,
        Self::List,
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
            Self::List => "list",
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
    product: String,
    /// The mode that is being checked.
    mode: Option<Mode>,
    /// In which modes it was checked, and how many problems each has; or why not.
    modes: BTreeMap<Mode, Result<usize, &'static str>>,
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

    /// Begins with a mode, and tells whether there is something to check.
    pub(crate) fn begins(&mut self, product: &str, mode: Mode, obstacle: Option<&'static str>) -> bool {
        product.clone_into(&mut self.product);
        self.mode = Some(mode);
        self.modes.insert(mode, obstacle.map_or(Ok(0), Err));
        obstacle.is_none()
    }

    /// Notes a check and what is wrong, if anything.
    pub(crate) fn note(&mut self, aspect: Aspect, what: impl fmt::Display, problem: Option<String>) {
        *self.made.entry(aspect).or_default() += 1;
        if let Some(problem) = problem {
            let mode = self.mode.map(|mode| format!("{mode}, ")).unwrap_or_default();
            self.problems.push((aspect, format!("{mode}{what}: {problem}")));
            if let Some(Ok(problems)) = self.mode.and_then(|mode| self.modes.get_mut(&mode)) {
                *problems += 1;
            }
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

impl Report {
    /// The table of products and modes: how many methods passed, of those that can be called so; and why others can't.
    fn write_modes(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods = || self.checked.iter().filter(|checked| !checked.modes.is_empty());
        let products: BTreeSet<&str> = methods().map(|checked| &*checked.product).collect();
        write!(formatter, "\n{:<24}", "")?;
        for mode in Mode::ALL {
            write!(formatter, "{mode:>15}")?;
        }
        writeln!(formatter)?;
        for product in products.into_iter().map(Some).chain([None]) {
            write!(formatter, "{:<24}", product.unwrap_or("all"))?;
            for mode in Mode::ALL {
                let of_product = methods().filter(|checked| product.is_none_or(|product| checked.product == product));
                let called: Vec<usize> = of_product.filter_map(|checked| checked.modes[&mode].ok()).collect();
                let passed = called.iter().filter(|problems| **problems == 0).count();
                write!(formatter, "{:>15}", format!("{passed}/{}", called.len()))?;
            }
            writeln!(formatter)?;
        }
        let mut reasons: BTreeMap<(Mode, &str), usize> = BTreeMap::new();
        for (mode, reason) in methods().flat_map(|checked| &checked.modes) {
            if let Err(reason) = reason {
                *reasons.entry((*mode, reason)).or_default() += 1;
            }
        }
        for ((mode, reason), count) in reasons {
            writeln!(formatter, "{mode}: {count} methods not applicable: {reason}")?;
        }
        writeln!(formatter)
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
        self.write_modes(formatter)?;
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
