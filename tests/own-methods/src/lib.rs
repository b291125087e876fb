//! A user's crate: five methods of Alipay's gateway that `alipay-api` does not ship.
//!
//! `specs/` and `src/alipay/` are as `alipay-codegen` has written them:
//!
//! ```sh
//! alipay-codegen add alipay.user.kabao.voucher.create alipay.user.kabao.voucher.modify \
//!     alipay.merchant.indirect.file.upload alipay.commerce.gas.item.query koubei.catering.dish.menu.query \
//!     --spec specs --out src/alipay
//! ```
//!
//! `cargo test -p alipay-codegen --test add` runs that command elsewhere, and compares.

#[rustfmt::skip]
pub mod alipay;

use alipay::commerce::{CommerceExt as _, GasItemQuery, gas_item_query::GasItemQueryTargetType};
use alipay::koubei::{CateringDishMenuQuery, KoubeiExt as _};
use alipay::merchant::{IndirectFileUpload, MerchantExt as _};
use alipay::user::kabao_voucher_create::{CashVoucherValueInfo, VoucherPrincipalInfo};
use alipay::user::types::ExchangeVoucherValueInfo;
use alipay::user::{KabaoVoucherCreate, KabaoVoucherModify, UserExt as _};
use alipay_api::types::File;
use alipay_api::{Client, Error};

/// Puts a coupon for cash into a user's card bag. Returns Alipay's number of it.
///
/// # Errors
/// When the gateway refuses it, or what became of it is not known.
pub async fn give_coupon(client: &Client, open_id: &str, number: &str, yuan: &str) -> Result<Option<String>, Error> {
    let coupon = KabaoVoucherCreate::new()
        .out_instance_id(number)
        .open_id(open_id)
        .cash_voucher_value_info(CashVoucherValueInfo::new().total_amount(yuan))
        .principal_info(VoucherPrincipalInfo::new().brand_name("小店"));
    let answer = client.user_ext().kabao_voucher_create(coupon).await?;
    Ok(answer.instance_id)
}

/// Says how often a coupon can still be exchanged.
///
/// # Errors
/// When the gateway refuses it, or what became of it is not known.
pub async fn set_remaining(client: &Client, instance_id: &str, remaining: i64) -> Result<(), Error> {
    let value = ExchangeVoucherValueInfo::new().remain_count(remaining);
    let change = KabaoVoucherModify::new()
        .instance_id(instance_id)
        .exchange_voucher_value_info(value);
    client.user_ext().kabao_voucher_modify(change).await?;
    Ok(())
}

/// Uploads a day's report. Returns the gateway's word for what became of it.
///
/// # Errors
/// When the gateway refuses it, or what became of it is not known.
pub async fn upload_report(client: &Client, report: File, records: i64) -> Result<Option<String>, Error> {
    let upload = IndirectFileUpload::new()
        .report_type("DAILY")
        .record_count(records)
        .file_content(report);
    let answer = client.merchant_ext().indirect_file_upload(upload).await?;
    Ok(answer.result_status)
}

/// The names of what a petrol station sells, and the prices of each in fen.
///
/// # Errors
/// When the gateway refuses the question, or doesn't answer.
pub async fn fuels(client: &Client, shop: &str) -> Result<Vec<(Option<String>, Vec<i64>)>, Error> {
    let query = GasItemQuery::new()
        .target_id(shop)
        .target_type(GasItemQueryTargetType::V5);
    let answer = client.commerce_ext().gas_item_query(query).await?;
    let fuel = |item: alipay::commerce::gas_item_query::FuelItemInfo| {
        let prices = item.sku_list.iter().filter_map(|sku| sku.price).collect();
        (item.name, prices)
    };
    Ok(answer.item_list.into_iter().map(fuel).collect())
}

/// The prices of the dishes on a menu, as the gateway writes them.
///
/// # Errors
/// When the gateway refuses the question, or doesn't answer.
pub async fn dish_prices(client: &Client, menu: &str) -> Result<Vec<String>, Error> {
    let query = CateringDishMenuQuery::new().cook_name(menu);
    let answer = client.koubei_ext().catering_dish_menu_query(query).await?;
    let dishes = answer.category_list.into_iter().flat_map(|category| category.dish_list);
    Ok(dishes.filter_map(|dish| dish.sell_price).collect())
}
