use alipay_api::ebpp_invoice::{TokenBatchquery, TokenBatchqueryErrorCode, types::InvoiceElementModelInvoiceStatus};
use serde_json::json;

use crate::support::{price, start};

#[tokio::test]
async fn invoices_are_found_by_their_token() {
    let (mock, client) = start().await;
    let invoice = json!({ "invoice_code": "4112740003", "invoice_no": "41791003", "invoice_amount": "1.00", "invoice_status": "SUCCEED" });
    mock.register_invoices("123456", vec![invoice]);
    let found = client
        .ebpp_invoice()
        .token_batchquery(TokenBatchquery::new("123456"))
        .await
        .unwrap();
    let [invoice] = found.invoice_element_list.as_slice() else {
        panic!("one invoice")
    };
    assert_eq!(invoice.invoice_amount, Some(price("1.00")));
    assert_eq!(
        invoice.invoice_status,
        Some(InvoiceElementModelInvoiceStatus::Succeed.into())
    );
}

#[tokio::test]
async fn an_unknown_token_is_refused() {
    let (_mock, client) = start().await;
    let error = client
        .ebpp_invoice()
        .token_batchquery(TokenBatchquery::new("unknown"))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code_as(), Some(TokenBatchqueryErrorCode::InvoiceInvalidToken));
}
