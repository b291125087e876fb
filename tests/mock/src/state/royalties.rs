//! Who may get shares of a merchant's payments.

use serde::{Deserialize, Serialize};

use super::splits::Account;
use crate::table::{Rows, Single, Table};

/// How many a merchant may bind.
const MOST: usize = 20_000;

/// The largest part of an order that may be shared, in percent, where the contract says nothing else.
const USUAL_RATIO: i64 = 30;

/// Somebody who may get shares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Receiver {
    pub(crate) account: Account,
    /// The real name, if it was said.
    pub(crate) name: Option<String>,
    pub(crate) memo: Option<String>,
}

/// A change of who may get shares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Change {
    Bind(Vec<Receiver>),
    Unbind(Vec<Receiver>),
}

/// Why nobody is bound or unbound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BindRefusal {
    /// The number was used for another change.
    Discordant,
    /// Too many would be bound.
    Full,
    /// The receiver is bound under another name.
    OtherName,
    /// The receiver is not bound.
    NotBound,
}

/// Those of all merchants.
#[derive(Debug)]
pub(crate) struct Royalties {
    /// The largest part of an order that may be shared, in percent.
    pub(crate) ratio: Single<i64>,
    /// The accounts that let their shares be taken back.
    returning: Table<String, ()>,
    /// By `auth_app_id`, in the order in which they were bound.
    receivers: Table<String, Vec<Receiver>>,
    /// By `auth_app_id` and the merchant's number.
    changes: Table<(String, String), Change>,
}

impl Default for Royalties {
    fn default() -> Self {
        Self {
            ratio: Single::new(USUAL_RATIO),
            returning: Table::default(),
            receivers: Table::default(),
            changes: Table::default(),
        }
    }
}

impl Royalties {
    /// What outlives the process.
    pub(super) fn rows(&mut self) -> [(&'static str, &mut dyn Rows); 4] {
        [
            ("royalty_ratio", &mut self.ratio),
            ("returning_accounts", &mut self.returning),
            ("receivers", &mut self.receivers),
            ("receiver_changes", &mut self.changes),
        ]
    }

    /// Binds or unbinds: all that are named, or none.
    pub(crate) fn change(
        &mut self,
        merchant: &str,
        out_request_no: Option<&str>,
        change: Change,
    ) -> Result<(), BindRefusal> {
        let number = out_request_no.map(|number| (merchant.to_owned(), number.to_owned()));
        if let Some(earlier) = number.as_ref().and_then(|number| self.changes.get(number)) {
            return if *earlier == change {
                Ok(())
            } else {
                Err(BindRefusal::Discordant)
            };
        }
        let mut receivers = self.receivers(merchant).to_vec();
        let place = |all: &[Receiver], account: &Account| all.iter().position(|bound| bound.account == *account);
        match &change {
            Change::Bind(new) => {
                for receiver in new {
                    match place(&receivers, &receiver.account) {
                        None => receivers.push(receiver.clone()),
                        // Whoever is bound stays bound.
                        Some(index) if agrees(&receivers[index], receiver) => {}
                        Some(_) => return Err(BindRefusal::OtherName),
                    }
                }
            }
            Change::Unbind(old) => {
                for receiver in old {
                    let index = place(&receivers, &receiver.account).ok_or(BindRefusal::NotBound)?;
                    if !agrees(&receivers[index], receiver) {
                        return Err(BindRefusal::OtherName);
                    }
                    receivers.remove(index);
                }
            }
        }
        if receivers.len() > MOST {
            return Err(BindRefusal::Full);
        }
        self.receivers.insert(merchant.to_owned(), receivers);
        if let Some(number) = number {
            self.changes.insert(number, change);
        }
        Ok(())
    }

    /// Everybody who is bound to a merchant.
    pub(crate) fn receivers(&self, merchant: &str) -> &[Receiver] {
        self.receivers.get(merchant).map(Vec::as_slice).unwrap_or_default()
    }

    /// The receiver with this account.
    pub(crate) fn receiver(&self, merchant: &str, account: &Account) -> Option<&Receiver> {
        let mut receivers = self.receivers(merchant).iter();
        receivers.find(|receiver| receiver.account == *account)
    }

    /// Whether an account lets its shares be taken back.
    pub(crate) fn returns(&self, account: &Account) -> bool {
        self.returning.contains_key(&account.number)
    }

    /// From now on it does, or no more.
    pub(crate) fn set_returns(&mut self, number: &str, returns: bool) {
        if returns {
            self.returning.insert(number.to_owned(), ());
        } else {
            self.returning.remove(number);
        }
    }
}

/// Whether a name that was said is the one that is known.
fn agrees(known: &Receiver, said: &Receiver) -> bool {
    match (&known.name, &said.name) {
        (Some(known), Some(said)) => known == said,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receiver(number: &str, name: Option<&str>) -> Receiver {
        Receiver {
            account: Account {
                kind: "userId".to_owned(),
                number: number.to_owned(),
            },
            name: name.map(str::to_owned),
            memo: None,
        }
    }

    #[test]
    fn all_are_bound_or_none() {
        let mut royalties = Royalties::default();
        let bind = |numbers: &[&str]| Change::Bind(numbers.iter().map(|number| receiver(number, None)).collect());
        let unbind = |numbers: &[&str]| Change::Unbind(numbers.iter().map(|number| receiver(number, None)).collect());
        assert_eq!(royalties.change("m", Some("1"), bind(&["a", "b"])), Ok(()));
        assert_eq!(royalties.change("m", Some("1"), bind(&["a", "b"])), Ok(()));
        assert_eq!(
            royalties.change("m", Some("1"), bind(&["a"])),
            Err(BindRefusal::Discordant)
        );
        assert_eq!(
            royalties.change("m", Some("1"), unbind(&["a", "b"])),
            Err(BindRefusal::Discordant)
        );
        // Binding again changes nothing.
        assert_eq!(royalties.change("m", None, bind(&["b", "c"])), Ok(()));
        assert_eq!(royalties.receivers("m").len(), 3);
        assert_eq!(
            royalties.change("m", None, unbind(&["a", "nobody"])),
            Err(BindRefusal::NotBound)
        );
        assert_eq!(royalties.receivers("m").len(), 3);
        assert_eq!(royalties.change("m", None, unbind(&["a"])), Ok(()));
        assert!(royalties.receiver("m", &receiver("a", None).account).is_none());
        // Another merchant has receivers of its own.
        assert!(royalties.receivers("other").is_empty());
        assert_eq!(
            royalties.change("other", None, unbind(&["b"])),
            Err(BindRefusal::NotBound)
        );
    }

    #[test]
    fn a_receiver_has_one_name() {
        let mut royalties = Royalties::default();
        let bind = |name| Change::Bind(vec![receiver("a", name)]);
        royalties.change("m", None, bind(Some("甲"))).unwrap();
        royalties.change("m", None, bind(None)).unwrap();
        assert_eq!(
            royalties.change("m", None, bind(Some("乙"))),
            Err(BindRefusal::OtherName)
        );
        let unbind = Change::Unbind(vec![receiver("a", Some("乙"))]);
        assert_eq!(royalties.change("m", None, unbind), Err(BindRefusal::OtherName));
    }

    #[test]
    fn there_is_room_for_twenty_thousand() {
        let mut royalties = Royalties::default();
        let bound = (0..MOST).map(|number| receiver(&number.to_string(), None)).collect();
        royalties.receivers.insert("m".to_owned(), bound);
        let bind = |number| Change::Bind(vec![receiver(number, None)]);
        assert_eq!(royalties.change("m", None, bind("one more")), Err(BindRefusal::Full));
        assert_eq!(royalties.change("m", None, bind("0")), Ok(()));
        assert_eq!(royalties.receivers("m").len(), MOST);
    }
}
