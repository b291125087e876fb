//! Bar codes of numbers, as payment codes are shown.

use std::fmt::Write as _;

use barcoders::sym::code128::Code128;

/// White modules at both sides: what readers ask for.
const MARGIN: usize = 10;
/// How high the bars are, in modules.
const HEIGHT: usize = 36;
/// What [`Code128`] calls the set of codes in which a pair of digits is one.
const PAIRS_OF_DIGITS: char = '\u{106}';

/// The picture of an even number of digits as SVG, by Code 128; nothing for any other text.
pub(crate) fn svg(digits: &str) -> Option<String> {
    let is_pairs =
        !digits.is_empty() && digits.len().is_multiple_of(2) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_pairs.then_some(())?;
    let bars = Code128::new(format!("{PAIRS_OF_DIGITS}{digits}")).ok()?.encode();
    let width = bars.len() + 2 * MARGIN;
    let mut path = String::new();
    for (x, _) in bars.iter().enumerate().filter(|(_, bar)| **bar == 1) {
        let _ = write!(path, "M{} 0h1v{HEIGHT}h-1z", x + MARGIN);
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {HEIGHT}\" shape-rendering=\"crispEdges\" role=\"img\">\
         <path fill=\"#fff\" d=\"M0 0h{width}v{HEIGHT}H0z\"/><path d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which modules are dark.
    fn modules(digits: &str) -> String {
        let svg = svg(digits).unwrap();
        let width: usize = svg.split(' ').nth(4).unwrap().parse().unwrap();
        let is_dark = |x: usize| svg.contains(&format!("M{x} 0h1v"));
        let dark = (0..width).map(|x| if is_dark(x) { '1' } else { '0' });
        dark.collect()
    }

    #[test]
    fn a_picture_is_a_code_between_margins() {
        // Start, 12, 34, the check symbol (105 + 12 + 2 * 34, modulo 103: 82) and the end, by the table of ISO/IEC 15417.
        let code = "11010011100 10110011100 10001011000 10010011110 1100011101011".replace(' ', "");
        assert_eq!(modules("1234"), format!("0000000000{code}0000000000"));
        assert_eq!(modules("286000000000000101").len(), 11 * 11 + 13 + 20);
    }

    #[test]
    fn other_texts_have_no_picture() {
        for text in ["", "123", "12a4", "１２"] {
            assert_eq!(svg(text), None, "{text}");
        }
    }
}
