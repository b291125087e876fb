//! What the guide's page about specs of one's own says, as it says it: `cargo test -p alipay-codegen --test guide` holds the two together.

#[rustfmt::skip]
mod alipay;

use alipay::data::{DataExt as _, DataserviceBillDownloadurlQuery, dataservice_bill_downloadurl_query::BillType};

async fn bill(client: &alipay_api::Client) -> Result<Option<String>, alipay_api::Error> {
    let request = DataserviceBillDownloadurlQuery::new(BillType::Trade, "2016-04-05");
    let answer = client.data_ext().dataservice_bill_downloadurl_query(request).await?;
    Ok(answer.bill_download_url)
}

#[tokio::test]
async fn a_bill_is_asked_for() {
    let client = crate::client(r#"{"code":"10000","bill_download_url":"https://example.com/bill"}"#).await;
    assert_eq!(
        bill(&client).await.unwrap().as_deref(),
        Some("https://example.com/bill")
    );
    // A success without the address is none.
    let client = crate::client(r#"{"code":"10000"}"#).await;
    bill(&client).await.unwrap_err();
}

mod notifications {
    use crate::generated as alipay;

    use alipay::notification::Notification;

    fn read(client: &alipay_api::Client, body: &str) -> Result<Option<Notification>, alipay_api::Error> {
        let verified = client.notifications().verify_parameters(body)?;
        verified.read(Notification::read)
    }

    #[test]
    fn are_read_once_they_are_verified() {
        let (client, body) = crate::notification("trap_sync", "0.01");
        let Some(Notification::TrapSync(trap)) = read(&client, &body).unwrap() else {
            panic!("another notification");
        };
        assert_eq!(trap.price, Some("0.01".parse().unwrap()));
        read(&client, &body.replace("0.01", "0.02")).unwrap_err();
        let (client, body) = crate::notification("another", "0.01");
        assert!(read(&client, &body).unwrap().is_none());
    }
}
