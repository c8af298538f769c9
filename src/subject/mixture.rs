//! Colour models: mixtures of Gaussians, fitted by expectation and maximisation from a start that
//! splits the colours along their longest axis, so that nothing is random.
//!
//! # Source
//!
//! M. Orchard, C. Bouman, *Color quantization of images*, IEEE TSP 39(12), 1991, for the start;
//! C. Rother, V. Kolmogorov, A. Blake, *GrabCut*, SIGGRAPH 2004, for mixtures of five.

use nalgebra::{Matrix3, Vector3};

/// Gaussians in a model.
const COMPONENTS: usize = 5;

/// Rounds of expectation and maximisation; the likelihood moves little afterwards.
const ROUNDS: usize = 4;

/// Least variance of a colour: JPEG noise. Below, an even wall would refuse its own shadow.
const LEAST_VARIANCE: f64 = 4e-4;

/// Share of an even density over all colours: a colour that no Gaussian knows is unlikely, not
/// impossible.
const UNKNOWN: f64 = 1e-3;

#[derive(Clone, Debug)]
struct Gaussian {
    mean: Vector3<f64>,
    inverse: Matrix3<f64>,
    /// Share over the square root of the determinant.
    factor: f64,
}

/// A density over colours.
#[derive(Clone, Debug)]
pub(super) struct Mixture(Vec<Gaussian>);

/// Weight, weighted sum and weighted products of colours.
#[derive(Clone, Copy)]
struct Moments {
    weight: f64,
    sum: Vector3<f64>,
    products: Matrix3<f64>,
}

impl Moments {
    const NONE: Self = Self {
        weight: 0.0,
        sum: Vector3::new(0.0, 0.0, 0.0),
        products: Matrix3::new(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    };

    fn add(&mut self, color: &Vector3<f64>, weight: f64) {
        self.weight += weight;
        self.sum += color * weight;
        self.products += color * color.transpose() * weight;
    }

    fn mean(&self) -> Vector3<f64> {
        self.sum / self.weight.max(1e-12)
    }

    fn covariance(&self) -> Matrix3<f64> {
        let mean = self.mean();
        self.products / self.weight.max(1e-12) - mean * mean.transpose()
    }

    fn gaussian(&self, total: f64) -> Option<Gaussian> {
        let covariance = self.covariance() + Matrix3::identity() * LEAST_VARIANCE;
        let determinant = covariance.determinant();
        let inverse = covariance.try_inverse()?;
        (self.weight > 1e-6 && determinant > 0.0).then(|| Gaussian {
            mean: self.mean(),
            inverse,
            factor: self.weight / total / determinant.sqrt(),
        })
    }
}

impl Mixture {
    /// Fits a model to colours that count by their weights, both of one length; `None` where
    /// nothing has weight.
    pub(super) fn fit(colors: &[[f32; 3]], weights: &[f32]) -> Option<Self> {
        // Every pixel of some ten thousand tells as much as all of them.
        let step = (colors.len() / 16_000).max(1);
        let samples: Vec<(Vector3<f64>, f64)> = colors
            .iter()
            .zip(weights)
            .step_by(step)
            .filter(|&(_, &weight)| weight > 0.0)
            .map(|(color, &weight)| (vector(color), f64::from(weight)))
            .collect();
        let total: f64 = samples.iter().map(|(_, weight)| weight).sum();
        if total <= 0.0 {
            return None;
        }
        let mut model = Self(start(&samples, total));
        for _ in 0..ROUNDS {
            model = model.round(&samples, total)?;
        }
        Some(model)
    }

    fn round(&self, samples: &[(Vector3<f64>, f64)], total: f64) -> Option<Self> {
        let mut moments = vec![Moments::NONE; self.0.len()];
        for (color, weight) in samples {
            let densities: Vec<f64> = self.0.iter().map(|part| part.density(color)).collect();
            let sum: f64 = densities.iter().sum::<f64>() + f64::MIN_POSITIVE;
            for (moments, density) in moments.iter_mut().zip(densities) {
                moments.add(color, weight * density / sum);
            }
        }
        let parts: Vec<Gaussian> = moments.iter().filter_map(|m| m.gaussian(total)).collect();
        (!parts.is_empty()).then_some(Self(parts))
    }

    /// Natural logarithm of the density at a colour, up to a constant that all models share.
    pub(super) fn log_density(&self, color: &[f32; 3]) -> f32 {
        let color = vector(color);
        let sum: f64 = self.0.iter().map(|part| part.density(&color)).sum();
        // (2 pi)^1.5 is left out of the Gaussians, so it stands here.
        (sum + UNKNOWN * 15.75).ln() as f32
    }
}

impl Gaussian {
    fn density(&self, color: &Vector3<f64>) -> f64 {
        let off = color - self.mean;
        self.factor * (-0.5 * off.dot(&(self.inverse * off))).exp()
    }
}

fn vector(color: &[f32; 3]) -> Vector3<f64> {
    Vector3::from(color.map(f64::from))
}

/// Splits the cluster with the longest axis at its mean until there are enough.
fn start(samples: &[(Vector3<f64>, f64)], total: f64) -> Vec<Gaussian> {
    let mut labels = vec![0_usize; samples.len()];
    let mut moments = vec![Moments::NONE];
    for (color, weight) in samples {
        moments[0].add(color, *weight);
    }
    while moments.len() < COMPONENTS {
        let axes = moments.iter().enumerate().map(|(label, moments)| {
            let eigen = moments.covariance().symmetric_eigen();
            let longest = eigen.eigenvalues.imax();
            let spread = eigen.eigenvalues[longest] * moments.weight;
            (
                label,
                spread,
                eigen.eigenvectors.column(longest).into_owned(),
            )
        });
        let Some((split, spread, axis)) = axes.max_by(|a, b| a.1.total_cmp(&b.1)) else {
            break;
        };
        if spread <= 1e-9 * total {
            break;
        }
        let mean = moments[split].mean();
        let new = moments.len();
        moments[split] = Moments::NONE;
        moments.push(Moments::NONE);
        for ((color, weight), label) in samples.iter().zip(&mut labels) {
            if *label == split {
                if axis.dot(&(color - mean)) > 0.0 {
                    *label = new;
                }
                moments[*label].add(color, *weight);
            }
        }
    }
    moments.iter().filter_map(|m| m.gaussian(total)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn two_clouds_of_colour_are_told_apart() {
        let noise = |i: u64, axis: u64| 0.05 * (random::unit(axis, i) - 0.5);
        let colors: Vec<[f32; 3]> = (0..4000)
            .map(|i| {
                let centre = if i % 2 == 0 { 0.3 } else { 0.7 };
                [centre + noise(i, 1), 0.1 + noise(i, 2), noise(i, 3)]
            })
            .collect();
        let weight = |odd: usize| -> Vec<f32> {
            (0..4000)
                .map(|i| f32::from(u8::from(i % 2 == odd)))
                .collect()
        };
        let models = [0, 1].map(|odd| Mixture::fit(&colors, &weight(odd)).unwrap());
        for (i, color) in colors.iter().enumerate() {
            let likely = models[i % 2].log_density(color) - models[1 - i % 2].log_density(color);
            assert!(likely > 3.0, "{i}: {likely}");
        }
    }

    #[test]
    fn one_colour_and_no_weight_are_no_trouble() {
        let colors = vec![[0.5, 0.0, 0.0]; 100];
        let model = Mixture::fit(&colors, &[1.0; 100]).unwrap();
        assert!(model.log_density(&[0.5, 0.0, 0.0]) > model.log_density(&[0.6, 0.0, 0.0]));
        assert!(model.log_density(&[90.0, 0.0, 0.0]).is_finite());
        assert!(Mixture::fit(&colors, &[0.0; 100]).is_none());
        assert!(Mixture::fit(&[], &[]).is_none());
    }
}
