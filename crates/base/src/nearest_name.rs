/// The candidate that a misspelt name most likely meant, for hints.
///
/// Letter case is ignored. Returns `None` if nothing is close.
///
/// ```
/// use counterpoise_base::nearest_name;
///
/// assert_eq!(nearest_name("smoet", ["adasyn", "smote"]), Some("smote"));
/// assert_eq!(nearest_name("zebra", ["adasyn", "smote"]), None);
/// ```
pub fn nearest_name<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&name, &candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, candidate)| candidate)
}
