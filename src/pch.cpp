// The home of the precompiled header that every LibTorch source shares.
