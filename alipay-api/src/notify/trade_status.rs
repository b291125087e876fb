//! A trade's status is one thing, whether a notification tells it or an answer.

use super::trade_status_sync::TradeStatus as Notified;
use crate::{trade::types::TradeStatus as Answered, types::OpenEnum};

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
        impl From<OpenEnum<$from>> for OpenEnum<$to> {
            fn from(status: OpenEnum<$from>) -> Self {
                match status {
                    OpenEnum::Known(status) => Self::Known(status.into()),
                    OpenEnum::Other(text) => Self::Other(text),
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
    use crate::types::KnownValue;

    #[test]
    fn nothing_is_lost_between_the_two() {
        assert_eq!(Notified::listed().0, Answered::listed().0);
        for text in [Notified::listed().0, &["TRADE_LOST", ""]].concat() {
            let notified = OpenEnum::<Notified>::from(text);
            let answered = OpenEnum::<Answered>::from(notified.clone());
            assert_eq!(answered.as_str(), text);
            assert_eq!(
                answered.known().map(Notified::from).map(OpenEnum::from),
                notified.known().map(OpenEnum::from)
            );
            assert_eq!(OpenEnum::<Notified>::from(answered), notified);
        }
        let unread = OpenEnum::<Notified>::Other("TRADE_CLOSED".into());
        assert_eq!(OpenEnum::<Answered>::from(unread), Answered::TradeClosed);
    }
}
