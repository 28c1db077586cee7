// How PyTorch's pickles name the types of elements.
#pragma once

#include <array>
#include <string_view>

namespace facerec {

struct TorchType {
  std::string_view dtype;    // as TensorView names it
  std::string_view torch;    // torch.<this>
  std::string_view storage;  // torch.<this>; "" for types that only UntypedStorage holds
};

inline constexpr std::array torch_types{
    TorchType{"F32", "float32", "FloatStorage"},
    TorchType{"F64", "float64", "DoubleStorage"},
    TorchType{"F16", "float16", "HalfStorage"},
    TorchType{"BF16", "bfloat16", "BFloat16Storage"},
    TorchType{"I64", "int64", "LongStorage"},
    TorchType{"I32", "int32", "IntStorage"},
    TorchType{"I16", "int16", "ShortStorage"},
    TorchType{"I8", "int8", "CharStorage"},
    TorchType{"U8", "uint8", "ByteStorage"},
    TorchType{"BOOL", "bool", "BoolStorage"},
    TorchType{"C64", "complex64", "ComplexFloatStorage"},
    TorchType{"C128", "complex128", "ComplexDoubleStorage"},
    TorchType{"U16", "uint16", ""},
    TorchType{"U32", "uint32", ""},
    TorchType{"U64", "uint64", ""},
    TorchType{"F8_E4M3", "float8_e4m3fn", ""},
    TorchType{"F8_E5M2", "float8_e5m2", ""},
    TorchType{"F8_E4M3FNUZ", "float8_e4m3fnuz", ""},
    TorchType{"F8_E5M2FNUZ", "float8_e5m2fnuz", ""},
    TorchType{"F8_E8M0", "float8_e8m0fnu", ""},
};

}  // namespace facerec
