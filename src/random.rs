//! Stateless randomness: a value from (seed, index), so that no result depends on the order of the
//! work or on the number of threads.
//!
//! # Source
//!
//! The finaliser is splitmix64: Steele, Lea, Flood, *Fast splittable pseudorandom number
//! generators*, 2014.

/// 64 well-mixed bits for the element `index` of the stream `seed`.
#[must_use]
pub fn bits(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A uniform value in 0..1 (1 excluded) for the element `index` of the stream `seed`.
#[must_use]
pub fn unit(seed: u64, index: u64) -> f32 {
    (bits(seed, index) >> 40) as f32 * (1.0 / (1u64 << 24) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_fill_their_range_evenly() {
        let mut counts = [0u32; 16];
        for index in 0..16_000 {
            counts[(unit(7, index) * 16.0) as usize] += 1;
        }
        // 1000 expected in each, standard deviation 31: five of them.
        assert!(
            counts.iter().all(|&count| (845..1155).contains(&count)),
            "{counts:?}"
        );
    }

    #[test]
    fn another_seed_gives_other_values() {
        assert_ne!(bits(1, 0), bits(2, 0));
        assert_ne!(bits(1, 0), bits(1, 1));
    }
}
