//! What is sold. A real shop has a table of it; prices come from here, never from the browser.

use alipay_api::types::Price;

/// Something that is sold.
#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) price: Price,
}

/// All of it.
pub(crate) const PRODUCTS: [Product; 3] = [
    Product {
        id: "longjing",
        title: "龙井 Longjing tea",
        price: Price::from_cents(8880),
    },
    Product {
        id: "puer",
        title: "普洱 Pu'er tea",
        price: Price::from_cents(12_850),
    },
    Product {
        id: "cup",
        title: "茶杯 Tea cup",
        price: Price::from_cents(1),
    },
];

/// The one of this name.
pub(crate) fn product(id: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.id == id)
}
