#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    counterpoise_recommend_fuzz::read_as(counterpoise_recommend::Format::Bibtex, bytes);
});
