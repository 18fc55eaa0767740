//! Makes the bundled file of titles: `bundle_titles papers.tsv synbio-openalex.csv.zst`.
//!
//! Every row is kept, with the fields of OpenAlex that are CC0; the numbers of clusters, which have no licence, are not read.

use std::io::Write as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = arguments.as_slice() else {
        return Err("usage: bundle_titles papers.tsv synbio-openalex.csv.zst".into());
    };
    let text = std::fs::read_to_string(from)?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let wanted = [
        ("openalex_id", "openalex_id"),
        ("doi", "doi"),
        ("title", "title"),
        ("year", "year"),
        ("source", "venue"),
    ];
    let places: Vec<usize> = wanted
        .iter()
        .map(|(name, _)| {
            names
                .iter()
                .position(|known| known == name)
                .ok_or(format!("no column {name}"))
        })
        .collect::<Result<_, _>>()?;
    let quoted = |field: &str| {
        if field.contains([',', '"']) {
            format!("\"{}\"", field.replace('"', "\"\""))
        } else {
            field.to_owned()
        }
    };
    let mut table = wanted.map(|(_, name)| name).join(",");
    table.push('\n');
    for line in lines {
        let fields: Vec<&str> = line.split('\t').collect();
        let fields: Vec<String> = places.iter().map(|place| quoted(fields[*place])).collect();
        table.push_str(&fields.join(","));
        table.push('\n');
    }
    let mut out = std::fs::File::create(to)?;
    out.write_all(&zstd::encode_all(table.as_bytes(), 19)?)?;
    Ok(())
}
