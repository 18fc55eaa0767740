#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    counterpoise_recommend_fuzz::ask_with("design.jsonld", bytes);
});
