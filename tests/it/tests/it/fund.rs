use alipay_api::fund::{
    TransOrderQuery, TransOrderQueryErrorCode, TransToaccountTransfer, TransToaccountTransferErrorCode,
    TransUniTransfer, TransUniTransferErrorCode,
    trans_order_query::TransOrderQueryStatus,
    trans_uni_transfer::{Participant, TransUniTransferStatus},
};

use crate::support::{price, start};

#[tokio::test]
async fn a_transfer_is_made_once_and_found_again() {
    let (_mock, client) = start().await;
    let transfer = || {
        TransToaccountTransfer::new(
            "20170626152216",
            "ALIPAY_LOGONID",
            "csqnji8117@sandbox.com",
            price("3.12"),
        )
    };
    let sent = client.fund().trans_toaccount_transfer(transfer()).await.unwrap();
    assert_eq!(sent.out_biz_no, "20170626152216");
    assert!(sent.pay_date.is_some());
    let again = client.fund().trans_toaccount_transfer(transfer()).await.unwrap();
    assert_eq!(again.order_id, sent.order_id);

    let found = client
        .fund()
        .trans_order_query(TransOrderQuery::with_out_biz_no("20170626152216"))
        .await
        .unwrap();
    assert_eq!(
        (found.order_id, found.status),
        (Some(sent.order_id), Some(TransOrderQueryStatus::Success))
    );
}

#[tokio::test]
async fn a_transfer_of_one_fen_is_refused() {
    let (_mock, client) = start().await;
    let transfer = TransToaccountTransfer::new("1", "ALIPAY_LOGONID", "csqnji8117@sandbox.com", price("0.01"));
    let error = client.fund().trans_toaccount_transfer(transfer).await.unwrap_err();
    assert_eq!(
        error.sub_code_as(),
        Some(TransToaccountTransferErrorCode::InvalidParameter)
    );
}

#[tokio::test]
async fn a_transfer_that_nobody_made_is_not_found() {
    let (_mock, client) = start().await;
    let error = client
        .fund()
        .trans_order_query(TransOrderQuery::with_out_biz_no("none"))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code_as(), Some(TransOrderQueryErrorCode::OrderNotExist));
}
