//! Pages that browsers have open: what each asks for, and the tokens of its buttons.

use std::collections::{HashMap, VecDeque};

use super::{preauths, trades};
use crate::numbers;

/// So many pages are kept; the oldest give way.
const VISITS: usize = 4096;
/// A page that was loaded more often than this has no button that works but those of the latest times.
const TOKENS: usize = 16;

/// What a page asks somebody to decide.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Subject {
    /// A buyer is asked to pay.
    Order(trades::Key),
    /// A payer is asked to let money be frozen.
    Preauth(preauths::Key),
    /// A user is asked to sign the agreement of this number.
    Agreement(String),
    /// A user is asked to have this verification done.
    Certification(String),
    /// A user is asked to let the app know who that is.
    Login {
        /// What the app wants to know.
        scope: String,
        /// Where the browser goes afterwards.
        back: Back,
    },
    /// A merchant is asked to let the app act for it.
    Authorisation(Back),
}

/// Where an authorisation page sends the browser.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Back {
    /// The app's address.
    pub(crate) redirect_uri: String,
    /// What the app recognises the browser by.
    pub(crate) state: Option<String>,
}

/// A page that somebody has open.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// What it asks for.
    pub(crate) subject: Subject,
    /// Where the browser goes since it was decided, if nothing else remembers that.
    pub(crate) decided: Option<String>,
    /// Those that were issued and not used, oldest first.
    tokens: VecDeque<String>,
}

/// All pages that are open.
#[derive(Debug, Default)]
pub(crate) struct Visits {
    open: HashMap<String, Visit>,
    /// Their names, oldest first.
    order: VecDeque<String>,
}

impl Visits {
    /// Opens a page: gives the name that it stands under, which nobody can guess.
    pub(crate) fn begin(&mut self, subject: Subject) -> String {
        let name = numbers::random(16);
        let visit = Visit {
            subject,
            decided: None,
            tokens: VecDeque::new(),
        };
        self.open.insert(name.clone(), visit);
        self.order.push_back(name.clone());
        if self.order.len() > VISITS
            && let Some(oldest) = self.order.pop_front()
        {
            self.open.remove(&oldest);
        }
        name
    }

    /// The page of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Visit> {
        self.open.get(name)
    }

    /// A token for the buttons of the page of this name.
    pub(crate) fn issue(&mut self, name: &str) -> Option<String> {
        let visit = self.open.get_mut(name)?;
        let token = numbers::random(16);
        visit.tokens.push_back(token.clone());
        if visit.tokens.len() > TOKENS {
            visit.tokens.pop_front();
        }
        Some(token)
    }

    /// Uses a token up: gives what the page asks for, if the token was issued for this page and none was used since. A page that is open several times
    /// is decided once.
    pub(crate) fn redeem(&mut self, name: &str, token: &str) -> Option<Subject> {
        let visit = self.open.get_mut(name)?;
        visit.tokens.contains(&token.to_owned()).then(|| {
            visit.tokens.clear();
            visit.subject.clone()
        })
    }

    /// Remembers where the browser of a page goes.
    pub(crate) fn decide(&mut self, name: &str, target: String) {
        if let Some(visit) = self.open.get_mut(name) {
            visit.decided = Some(target);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(number: usize) -> Subject {
        Subject::Agreement(number.to_string())
    }

    #[test]
    fn a_token_serves_once_and_on_its_own_page() {
        let mut visits = Visits::default();
        let (first, second) = (visits.begin(subject(1)), visits.begin(subject(2)));
        let token = visits.issue(&first).unwrap();
        assert_eq!(visits.redeem(&second, &token), None);
        assert_eq!(visits.redeem(&first, ""), None);
        assert_eq!(visits.redeem("none", &token), None);
        assert_eq!(visits.redeem(&first, &token), Some(subject(1)));
        assert_eq!(visits.redeem(&first, &token), None);
        assert_eq!(visits.issue("none"), None);
        // A page that is loaded again has another token; one of them serves, and of too many the oldest don't.
        let tokens: Vec<_> = (0..=TOKENS).map(|_| visits.issue(&second).unwrap()).collect();
        assert_eq!(visits.redeem(&second, &tokens[0]), None);
        assert_eq!(visits.redeem(&second, &tokens[1]), Some(subject(2)));
        assert_eq!(visits.redeem(&second, &tokens[2]), None);
        visits.decide(&second, "a".to_owned());
        assert_eq!(visits.get(&second).unwrap().decided.as_deref(), Some("a"));
    }

    #[test]
    fn only_so_many_pages_are_kept() {
        let mut visits = Visits::default();
        let names: Vec<_> = (0..=VISITS).map(|number| visits.begin(subject(number))).collect();
        assert!(visits.get(&names[0]).is_none() && visits.issue(&names[0]).is_none());
        assert_eq!(visits.get(&names[1]).unwrap().subject, subject(1));
        assert_eq!((visits.open.len(), visits.order.len()), (VISITS, VISITS));
    }
}
