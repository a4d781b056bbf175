// Shows the API's own document, which lies beside this page.
window.SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  // Without this the page asks a validator on the internet what it thinks of the document.
  validatorUrl: null,
});
