// Matrix products.
//
// Thread safety: any thread, as long as outputs and working memory are not shared.
#ifndef SHADOWTUTOR_NN_KERNELS_PRODUCT_H_
#define SHADOWTUTOR_NN_KERNELS_PRODUCT_H_

#include <cstddef>

namespace shadowtutor::nn {

/// The matrix product c[m][n] = sum over k of a[m][k] * b[k][n], added to c if `accumulate`. Rows
/// are `*_stride` floats apart. Columns up to `n` rounded up to whole vectors are computed.
struct Product {
  const float* a;
  size_t a_stride;
  const float* b;
  size_t b_stride;
  float* c;
  size_t c_stride;
  int m, n, k;
  bool accumulate;
};
void Multiply(const Product& product);

/// The same on the matrix unit (matrix_unit.h), where a and b are rounded to bfloat16. To be called
/// only where HasMatrixUnit(). `working` has MatrixProductFloats floats and begins at a cache line.
void MultiplyOnMatrixUnit(const Product& product, float* working);
size_t MatrixProductFloats(int m, int n, int k);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_PRODUCT_H_
