import globals from "globals";
import accessibility from "eslint-plugin-vuejs-accessibility";
import vue from "eslint-plugin-vue";
import typescript from "typescript-eslint";

export default typescript.config(
  { ignores: ["dist", "node_modules", "shared/api/schema.d.ts"] },
  ...typescript.configs.strict,
  ...vue.configs["flat/recommended"],
  ...accessibility.configs["flat/recommended"],
  {
    files: ["**/*.{ts,vue}"],
    languageOptions: { globals: globals.browser, parserOptions: { parser: typescript.parser } },
    rules: {
      // Text comes from buyers, suppliers and exports: it is never markup.
      "vue/no-v-html": "error",
      "no-restricted-globals": [
        "error",
        { name: "localStorage", message: "What a page knows of an order or a key stays in memory (docs/web.md)." },
      ],
      "no-console": "error",
      "no-eval": "error",
      "vue/multi-word-component-names": "off",
      "vue/max-attributes-per-line": "off",
      "vue/singleline-html-element-content-newline": "off",
      "vue/html-self-closing": "off",
      "vue/html-indent": "off",
      "vue/html-closing-bracket-newline": "off",
      "vue/attributes-order": "off",
      "vuejs-accessibility/label-has-for": ["error", { required: { some: ["nesting", "id"] } }],
    },
  },
  {
    files: ["console/**/*.{ts,vue}"],
    ignores: ["console/ui/Ask.vue"],
    rules: {
      "vue/no-restricted-html-elements": ["error", { element: "el-dialog", message: "The console has one kind of dialog: ui/Ask.vue, or ask() of ui/ask.ts." }],
      "no-restricted-imports": ["error", { paths: [{ name: "element-plus", importNames: ["ElMessageBox"], message: "The console has one kind of dialog: ask() of ui/ask.ts." }] }],
    },
  },
);
