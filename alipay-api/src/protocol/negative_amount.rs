//! A request with a negative amount is refused: a refund of a negative amount would be a payment.

use std::{any::Any, fmt};

use crate::{
    codec::{DecodeError, Field, View},
    types::Price,
};

/// A field of a request with a negative amount.
#[derive(Clone, Debug)]
pub(crate) struct NegativeAmount {
    path: String,
}

impl NegativeAmount {
    /// Refuses a field with a negative amount, at any depth.
    pub(super) fn check(name: &str, field: &dyn Field) -> Result<(), Self> {
        match find(field) {
            None => Ok(()),
            Some(place) => Err(Self {
                path: place.within(name).path(),
            }),
        }
    }
}

/// The place of the first negative amount.
fn find(field: &dyn Field) -> Option<DecodeError> {
    match field.view() {
        View::Scalar(scalar) => {
            let scalar: &dyn Any = scalar;
            let price = scalar.downcast_ref::<Price>()?;
            price.is_negative().then(|| DecodeError::new("negative"))
        }
        View::Enum(_) => None,
        View::Option(held) => find(held?),
        View::Object(object) => object
            .fields()
            .given()
            .find_map(|(name, value)| Some(find(value)?.within(name))),
        View::List(list) => (0..)
            .map_while(|index| Some((index, list.item(index)?)))
            .find_map(|(index, item)| Some(find(item)?.at(index))),
    }
}

impl fmt::Display for NegativeAmount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        write!(
            formatter,
            "`{path}` is negative: amounts of a request must not be below zero"
        )
    }
}

#[cfg(all(test, feature = "trade"))]
mod tests {
    use super::super::content::RequestContent;
    use crate::{
        codec::Object as _,
        method::Method as _,
        trade::{Pay, Refund, types::GoodsDetail},
        types::Price,
    };

    #[test]
    fn no_request_holds_a_negative_amount() {
        let refund = |cents| {
            let mut refund = Refund::empty();
            refund.out_trade_no = Some("1".to_owned());
            refund.refund_amount = Price::from_cents(cents);
            RequestContent::new(&refund, &Refund::INFO).map_err(|error| error.to_string())
        };
        assert_eq!(
            refund(-1).unwrap_err(),
            "`refund_amount` is negative: amounts of a request must not be below zero"
        );
        assert!(refund(0).is_ok() && refund(1).is_ok());
        let goods = |cents| {
            let mut goods = GoodsDetail::empty();
            goods.price = Some(Price::from_cents(cents));
            goods
        };
        let mut pay = Pay::empty();
        pay.goods_detail = vec![goods(1), goods(-1)];
        assert_eq!(
            RequestContent::new(&pay, &Pay::INFO).unwrap_err().to_string(),
            "`goods_detail[1].price` is negative: amounts of a request must not be below zero"
        );
    }
}
