//! "Did you mean": the nearest of the words that would have been right.

/// A help text that names the nearest word, or all of them where none is near.
pub(super) fn among<'a>(wrong: &str, right: impl IntoIterator<Item = &'a str>) -> String {
    let right: Vec<&str> = right.into_iter().collect();
    match nearest(wrong, &right) {
        Some(word) => format!("did you mean `{word}`?"),
        None if right.is_empty() => "no value is possible here".to_owned(),
        None => {
            let shown: Vec<_> = right.iter().take(12).map(|word| format!("`{word}`")).collect();
            let more = if right.len() > shown.len() { ", …" } else { "" };
            format!("expected one of {}{more}", shown.join(", "))
        }
    }
}

/// The one of the words that a text misses by a slip or two, without being one of them.
pub(super) fn slip<'a>(wrong: &str, right: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters: Vec<char> = wrong.chars().take(80).collect();
    let scored = right.into_iter().map(|word| (distance(&letters, word), word));
    let (distance, word) = scored.min_by_key(|&(distance, _)| distance)?;
    (distance <= 2 && word != wrong).then_some(word)
}

/// The words that are nearest to a text, the nearest first: as many as are wanted, and none that is far.
#[cfg(feature = "catalogue")]
pub(crate) fn several<'a>(wrong: &str, right: impl IntoIterator<Item = &'a str>, wanted: usize) -> Vec<&'a str> {
    let wrong: Vec<char> = wrong.chars().take(80).collect();
    let scored = right.into_iter().map(|word| (distance(&wrong, word), word));
    let mut near: Vec<_> = scored.filter(|&(distance, _)| distance <= wrong.len() / 4).collect();
    near.sort_unstable();
    near.into_iter().take(wanted).map(|(_, word)| word).collect()
}

fn nearest<'a>(wrong: &str, right: &[&'a str]) -> Option<&'a str> {
    let wrong: Vec<char> = wrong.chars().take(80).collect();
    // Of very short words everything is near.
    let allowed = if wrong.len() < 3 { 0 } else { wrong.len().div_ceil(3) };
    let scored = right.iter().map(|word| (distance(&wrong, word), *word));
    scored
        .filter(|&(distance, _)| distance <= allowed)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, word)| word)
}

/// Levenshtein's, case left aside, one row at a time.
fn distance(wrong: &[char], right: &str) -> usize {
    let mut row: Vec<usize> = (0..=wrong.len()).collect();
    for (above, other) in right.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (at, one) in wrong.iter().enumerate() {
            let replaced = diagonal + usize::from(!one.eq_ignore_ascii_case(&other));
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[wrong.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word() {
        assert_eq!(among("requird", ["doc", "required"]), "did you mean `required`?");
        assert_eq!(among("String", ["string", "int"]), "did you mean `string`?");
    }

    #[test]
    fn a_slip_is_no_other_name() {
        assert_eq!(slip("a.pya", ["a.pay", "a.query"]), Some("a.pay"));
        assert_eq!(slip("a.pay", ["a.pay", "a.pays"]), None);
        assert_eq!(slip("a.close", ["a.pay", "a.query"]), None);
    }

    #[test]
    fn without_a_near_word_all_are_named() {
        assert_eq!(among("zzzzzz", ["doc", "type"]), "expected one of `doc`, `type`");
    }
}
