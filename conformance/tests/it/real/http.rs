//! HTTP services behind the layer-7 proxy.
