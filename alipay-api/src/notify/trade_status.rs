//! A trade's status is one thing, whether a notification tells it or an answer.

use super::trade_status_sync::TradeStatus as Notified;
use crate::{trade::types::TradeStatus as Answered, types::Open};

// Each `match` names every value, so that one which only one of the two lists does not compile.
macro_rules! same {
    ($from:ident, $to:ident) => {
        impl From<$from> for $to {
            fn from(status: $from) -> Self {
                match status {
                    $from::WaitBuyerPay => Self::WaitBuyerPay,
                    $from::TradeClosed => Self::TradeClosed,
                    $from::TradeSuccess => Self::TradeSuccess,
                    $from::TradeFinished => Self::TradeFinished,
                }
            }
        }

        /// By the text: one that is not listed stays as it is.
        impl From<Open<$from>> for Open<$to> {
            fn from(status: Open<$from>) -> Self {
                match status {
                    Open::Known(status) => Self::Known(status.into()),
                    Open::Other(text) => Self::Other(text),
                }
            }
        }
    };
}

same!(Notified, Answered);
same!(Answered, Notified);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Listed;

    #[test]
    fn nothing_is_lost_between_the_two() {
        assert_eq!(Notified::listed().0, Answered::listed().0);
        for text in [Notified::listed().0, &["TRADE_LOST", ""]].concat() {
            let notified = Open::<Notified>::from(text);
            let answered = Open::<Answered>::from(notified.clone());
            assert_eq!(answered.as_str(), text);
            assert_eq!(
                answered.known().map(Notified::from).map(Open::from),
                notified.known().map(Open::from)
            );
            assert_eq!(Open::<Notified>::from(answered), notified);
        }
        let unread = Open::<Notified>::Other("TRADE_CLOSED".into());
        assert_eq!(Open::<Answered>::from(unread), Answered::TradeClosed);
    }
}
