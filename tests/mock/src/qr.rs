//! The codes that buyers scan: their texts, and their pictures.

use std::fmt::Write as _;

use fast_qr::QRBuilder;

/// White modules around a picture: what readers ask for.
const MARGIN: usize = 4;

/// The text of a code: below the gateway's own address, so that opening it is the scan. A gateway without a server has no address, and gives what
/// Alipay's codes look like.
pub(crate) fn text(base_url: Option<&str>, code: &str) -> String {
    match base_url {
        Some(base_url) => format!("{base_url}/qr/{code}"),
        None => format!("https://qr.alipay.com/{code}"),
    }
}

/// The address of the code's picture, where there is one.
pub(crate) fn picture_url(base_url: Option<&str>, code: &str) -> Option<String> {
    base_url.map(|base_url| format!("{base_url}/qr/{code}.svg"))
}

/// The picture of a text as SVG; nothing if the text is too long for a code.
pub(crate) fn svg(text: &str) -> Option<String> {
    let code = QRBuilder::new(text).build().ok()?;
    let side = code.size + 2 * MARGIN;
    let mut path = String::new();
    for y in 0..code.size {
        for x in (0..code.size).filter(|&x| code[y][x].value()) {
            let _ = write!(path, "M{} {}h1v1h-1z", x + MARGIN, y + MARGIN);
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_stands_below_the_gateway_or_looks_like_alipays() {
        let base_url = Some("http://127.0.0.1:8089");
        assert_eq!(text(base_url, "bax1"), "http://127.0.0.1:8089/qr/bax1");
        assert_eq!(
            picture_url(base_url, "bax1").as_deref(),
            Some("http://127.0.0.1:8089/qr/bax1.svg")
        );
        assert_eq!(text(None, "bax1"), "https://qr.alipay.com/bax1");
        assert_eq!(picture_url(None, "bax1"), None);
    }

    #[test]
    fn a_picture_has_three_corners_and_a_margin() {
        let svg = svg("http://127.0.0.1:8089/qr/bax0011223344556677").unwrap();
        // 49 bytes make a code of 33 modules at the usual level of correction.
        assert!(svg.contains("viewBox=\"0 0 41 41\""), "{svg}");
        let is_dark = |x: usize, y: usize| svg.contains(&format!("M{x} {y}h1v1h-1z"));
        for (x, y) in [(4, 4), (30, 4), (4, 30)] {
            // A finder pattern: a ring of seven, white, and three by three.
            assert!(is_dark(x, y) && is_dark(x + 6, y + 6) && is_dark(x + 3, y + 3));
            assert!(!is_dark(x + 1, y + 1) && !is_dark(x + 5, y + 5));
        }
        assert!(!is_dark(3, 4) && !is_dark(37, 4));
        assert_eq!(super::svg(&"x".repeat(8000)), None);
    }
}
