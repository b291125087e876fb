//! `alipay.data.dataservice.bill.downloadurl.query`: where a bill can be downloaded.

use super::{Behaviour, Call, Played};
use crate::bills::{self, Kind, Period};
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;

/// Of a gateway without a server: one of the hosts that Alipay has its bills at.
const NOWHERE: &str = "https://dwbillcenter.alipay.com";

pub(super) const BEHAVIOURS: &[Behaviour] = &[Behaviour {
    method: "alipay.data.dataservice.bill.downloadurl.query",
    errors: &["TYPE_NOT_SUPPORTED", "isp.bill_not_exist", "isv.invalid_arguments"],
    play: query,
}];

fn query(call: &mut Call<'_>) -> Result<Played, Failure> {
    let Some(kind) = Kind::of(&call.required("bill_type")) else {
        // Of the other types nobody has published how they are laid out.
        return Err(call.refuse("TYPE_NOT_SUPPORTED", "此账单类型不支持下载"));
    };
    let period = Period::parse(&call.required("bill_date")).filter(|period| period.is_over(call.now));
    let period = period.ok_or_else(|| call.refuse("isv.invalid_arguments", "入参不合法: bill_date"))?;
    if period.is_too_old(call.now) {
        return Err(call.refuse("isp.bill_not_exist", "账单不存在"));
    }
    let bill = bills::bill(call.state, &call.merchant, kind, &period, call.now);
    let code = bill.is_empty.then_some("EMPTY_DATA_WITH_BILL_FILE");
    let token = call.state.downloads.add(bill.name, bill.zip.into(), call.now);
    let base_url = call.base_url.unwrap_or(NOWHERE);
    Ok(Played::success(
        Fields::new()
            .with("bill_download_url", format!("{base_url}/bill/{token}"))
            .maybe("bill_file_code", code),
    ))
}
