//! The people who can stand before a page: test buyers, and the visitor.

use super::buyers::TestBuyer;
use super::trades::Buyer;
use super::users::Visitor;

/// Somebody who can pay, sign or log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// In Chinese and in English.
    pub(crate) name: (&'static str, &'static str),
    pub(crate) account: Buyer,
    /// Whether the account has money.
    pub(crate) has_money: bool,
}

impl Person {
    fn of(buyer: TestBuyer) -> Self {
        Self {
            name: buyer.name(),
            account: buyer.account(),
            has_money: buyer.has_money(),
        }
    }
}

/// Everybody; the first pays where nobody else is chosen.
pub(crate) fn people(visitor: &Visitor) -> Vec<Person> {
    let visitor = visitor.account();
    let everybody = [
        Person::of(TestBuyer::WithMoney),
        Person {
            name: ("访客", "The visitor"),
            account: visitor,
            has_money: true,
        },
        Person::of(TestBuyer::WithoutMoney),
    ];
    // A visitor who is one of the others is not there twice.
    let mut people: Vec<Person> = Vec::new();
    for person in everybody {
        if people
            .iter()
            .all(|other| other.account.user_id != person.account.user_id)
        {
            people.push(person);
        }
    }
    people
}
