//! Words for the numbers of ontologies that designs use.
//!
//! # Source
//!
//! Sequence Ontology (`SO`), Systems Biology Ontology (`SBO`) and the types of BioPAX that SBOL names; names are theirs.

/// The words behind an address such as `http://identifiers.org/so/SO:0000167`.
pub(super) fn words(iri: &str) -> Option<&'static str> {
    let last = iri.rsplit(['/', '#']).next().unwrap_or(iri);
    let number = last.replace('_', ":");
    let number = number.strip_prefix("http:").unwrap_or(&number);
    let list: &[(&str, &str)] = if number.starts_with("SO:") {
        &SEQUENCE
    } else if number.starts_with("SBO:") {
        &SYSTEMS
    } else {
        &BIOPAX
    };
    list.iter()
        .find(|(known, _)| *known == number)
        .map(|(_, words)| *words)
}

const SEQUENCE: [(&str, &str); 52] = [
    ("SO:0000001", "region"),
    ("SO:0000005", "satellite DNA"),
    ("SO:0000013", "small cytoplasmic RNA"),
    ("SO:0000031", "aptamer"),
    ("SO:0000035", "riboswitch"),
    ("SO:0000037", "regulatory region"),
    ("SO:0000057", "operator"),
    ("SO:0000101", "transposable element"),
    ("SO:0000110", "sequence feature"),
    ("SO:0000112", "primer"),
    ("SO:0000139", "ribosome binding site"),
    ("SO:0000140", "attenuator"),
    ("SO:0000141", "terminator"),
    ("SO:0000147", "exon"),
    ("SO:0000155", "plasmid"),
    ("SO:0000165", "enhancer"),
    ("SO:0000167", "promoter"),
    ("SO:0000178", "operon"),
    ("SO:0000185", "primary transcript"),
    ("SO:0000188", "intron"),
    ("SO:0000204", "five prime UTR"),
    ("SO:0000205", "three prime UTR"),
    ("SO:0000234", "mRNA"),
    ("SO:0000243", "internal ribosome entry site"),
    ("SO:0000253", "tRNA"),
    ("SO:0000276", "microRNA"),
    ("SO:0000296", "origin of replication"),
    ("SO:0000313", "stem loop"),
    ("SO:0000316", "coding sequence"),
    ("SO:0000324", "tag"),
    ("SO:0000374", "ribozyme"),
    ("SO:0000410", "protein binding site"),
    ("SO:0000417", "polypeptide domain"),
    ("SO:0000418", "signal peptide"),
    ("SO:0000440", "vector"),
    ("SO:0000551", "polyA signal sequence"),
    ("SO:0000553", "polyA site"),
    ("SO:0000627", "insulator"),
    ("SO:0000655", "non-coding RNA"),
    ("SO:0000699", "junction"),
    ("SO:0000704", "gene"),
    ("SO:0000724", "origin of transfer"),
    ("SO:0000755", "plasmid vector"),
    ("SO:0000804", "engineered region"),
    ("SO:0000902", "transgene"),
    ("SO:0000987", "linear"),
    ("SO:0000988", "circular"),
    ("SO:0001687", "restriction enzyme recognition site"),
    ("SO:0001953", "assembly scar"),
    ("SO:0001998", "guide RNA"),
    ("SO:0002223", "spacer"),
    ("SO:0000280", "engineered gene"),
];

const SYSTEMS: [(&str, &str); 14] = [
    ("SBO:0000168", "control"),
    ("SBO:0000169", "inhibition"),
    ("SBO:0000170", "stimulation"),
    ("SBO:0000176", "biochemical reaction"),
    ("SBO:0000177", "non-covalent binding"),
    ("SBO:0000179", "degradation"),
    ("SBO:0000247", "simple chemical"),
    ("SBO:0000250", "RNA"),
    ("SBO:0000251", "DNA"),
    ("SBO:0000252", "protein"),
    ("SBO:0000253", "complex"),
    ("SBO:0000241", "functional entity"),
    ("SBO:0000589", "genetic production"),
    ("SBO:0000459", "stimulator"),
];

const BIOPAX: [(&str, &str); 7] = [
    ("DnaRegion", "DNA"),
    ("Dna", "DNA"),
    ("RnaRegion", "RNA"),
    ("Rna", "RNA"),
    ("Protein", "protein"),
    ("SmallMolecule", "small molecule"),
    ("Complex", "complex"),
];
