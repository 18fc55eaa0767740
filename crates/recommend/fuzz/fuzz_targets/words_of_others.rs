#![no_main]

use counterpoise_recommend::{Gazetteer, Lexicon, Weights};

// Files that people edit: lexicon, gazetteer, weights.
libfuzzer_sys::fuzz_target!(|text: &str| {
    for error in [
        Lexicon::parse(text, "mine").err(),
        Gazetteer::parse(text, "mine").err(),
        Weights::parse(text, "mine").err(),
    ] {
        assert!(error.is_none_or(|error| !error.to_string().is_empty()));
    }
});
