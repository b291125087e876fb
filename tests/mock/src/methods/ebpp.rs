//! `alipay.ebpp.*`: invoices that a user picked.

use serde_json::Value;

use super::{Behaviour, Call, Played};
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::state::trades::Buyer;

pub(super) const BEHAVIOURS: &[Behaviour] = &[Behaviour {
    method: "alipay.ebpp.invoice.token.batchquery",
    errors: &["INVOICE_INVALID_TOKEN"],
    play: batchquery,
}];

fn batchquery(call: &mut Call<'_>) -> Result<Played, Failure> {
    let Some(invoices) = call.state.invoices.get(&call.required("invoice_token")) else {
        return Err(call.refuse("INVOICE_INVALID_TOKEN", "发票查询令牌无效"));
    };
    Ok(Played::success(
        Fields::new()
            .with("user_id", Buyer::default().user_id)
            .with("invoice_element_list", Value::Array(invoices.clone())),
    ))
}
