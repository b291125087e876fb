//! How flows of all sorts end, in one type.

use alipay_api::{
    flows::{Ended, NotDone, Paid, Refunded, Resumed, Transferred, Unknown},
    types::Price,
};

#[derive(Debug)]
pub(crate) enum End {
    Done(Fact),
    NotDone(Box<NotDone>),
    Unknown(Box<Unknown>),
}

/// What a flow says that it has done.
#[derive(Debug)]
pub(crate) struct Fact {
    pub(crate) number: String,
    pub(crate) amount: Price,
    pub(crate) alipay_number: Option<String>,
}

impl End {
    pub(crate) fn of<T: Into<Fact>>(ended: Ended<T>) -> Self {
        match ended {
            Ended::Done(done) => Self::Done(done.into()),
            Ended::NotDone(not_done) => Self::NotDone(Box::new(not_done)),
            Ended::Unknown(unknown) => Self::Unknown(Box::new(unknown)),
        }
    }

    /// In a few words, for the counts.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Done(_) => "done".to_owned(),
            Self::NotDone(not_done) => format!("not done: {:?}", not_done.reason()),
            Self::Unknown(unknown) => format!("unknown: {:?}", unknown.reason()),
        }
    }
}

impl From<Paid> for Fact {
    fn from(paid: Paid) -> Self {
        Self {
            number: paid.out_trade_no,
            amount: paid.total_amount,
            alipay_number: Some(paid.trade_no),
        }
    }
}

impl From<Refunded> for Fact {
    fn from(refunded: Refunded) -> Self {
        Self {
            number: refunded.out_request_no,
            amount: refunded.refund_amount,
            alipay_number: refunded.trade_no,
        }
    }
}

impl From<Transferred> for Fact {
    fn from(transferred: Transferred) -> Self {
        Self {
            number: transferred.out_biz_no,
            amount: transferred.amount,
            alipay_number: transferred.order_id,
        }
    }
}

impl From<Resumed> for Fact {
    fn from(resumed: Resumed) -> Self {
        match resumed {
            Resumed::Paid(paid) => paid.into(),
            Resumed::Refunded(refunded) => refunded.into(),
            Resumed::Transferred(transferred) => transferred.into(),
            other => panic!("a new sort of flow has no oracle yet: {other:?}"),
        }
    }
}
