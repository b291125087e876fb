//! Certificate mode: a transfer, and then Alipay changes its certificate.
//!
//! `cargo run --example certificates` runs against the embedded gateway, with certificates that are made for this run.

#![allow(clippy::print_stdout, reason = "it is what a program prints")]

use std::error::Error;

use alipay_api::{
    Client, Credentials,
    cert::Certificate,
    fund::{TransCommonQuery, TransUniTransfer, types::Participant},
    types::OpenEnum,
};
use alipay_mock::Mock;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mock = Mock::builder().certificates().start().await?;
    // In production, your certificates are files: `Credentials::certificates_from_files`.
    let credentials = Credentials::certificates(
        &mock.app_private_key_pem(),
        &mock.app_cert(),
        &mock.alipay_cert(),
        &mock.root_cert(),
    )?;
    let client = Client::builder(mock.app_id(), credentials)
        .gateway(mock.gateway_url())
        .build()?;
    let certificate = Certificate::parse(&mock.alipay_cert())?;
    println!("Alipay is         {}", certificate.subject());
    println!("certified by      {}", certificate.issuer());
    println!("until             {}", certificate.not_after());
    println!("alipay_cert_sn    {}", certificate.alipay_serial());

    let payee = Participant::new("egdjny5218@sandbox.com", "ALIPAY_LOGON_ID").name("sandbox env");
    let transfer = TransUniTransfer::new("20170626152217", "82.32".parse()?, payee);
    let sent = client.fund().trans_uni_transfer(transfer).await?;
    let order_id = succeeded(sent.order_id, sent.status.as_ref().map(OpenEnum::as_str))?;
    println!("transferred       {order_id}");

    println!("now it is         {}", mock.roll_over_alipay_certificate()?);
    // The answer is signed with a certificate that the client does not know: it fetches and checks the certificate first.
    let query = TransCommonQuery::with_out_biz_no("20170626152217");
    let found = client.fund().trans_common_query(query).await?;
    let found = succeeded(
        found.order_id.unwrap_or_default(),
        found.status.as_ref().map(OpenEnum::as_str),
    )?;
    println!("queried           {found}");
    if found != order_id {
        return Err(format!("the transfer is {order_id}, but the query found {found}").into());
    }
    Ok(())
}

/// The number of a transfer, which must have succeeded.
fn succeeded(order_id: String, status: Option<&str>) -> Result<String, Box<dyn Error>> {
    if order_id.is_empty() || status != Some("SUCCESS") {
        return Err(format!("the transfer `{order_id}` has not succeeded: {status:?}").into());
    }
    Ok(order_id)
}
