// Serves the page, the dashboards as Grafana reads them, and Prometheus under /prometheus.
const proxy = {
  '/prometheus': {
    target: process.env.PROMETHEUS ?? 'http://127.0.0.1:9090',
    rewrite: (path) => path.replace(/^\/prometheus/, ''),
  },
};

export default {
  esbuild: { jsx: 'automatic' },
  publicDir: '../dashboards',
  build: { minify: false, chunkSizeWarningLimit: 100000, sourcemap: false },
  preview: { host: '127.0.0.1', strictPort: true, proxy },
};
