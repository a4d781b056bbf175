/**
 * The API's documentation: Swagger UI over the document beside this page. Its bundle is loaded before.
 *
 * @typedef {{ SwaggerUIBundle: (options: Record<string, string | boolean | null>) => void }} Bundle
 */
const { SwaggerUIBundle } = /** @type {Window & typeof globalThis & Bundle} */ (window);

SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  // Without this the page would send the document's address to a validator on the internet.
  validatorUrl: null,
});

export {};
