import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import typescript from 'typescript-eslint'

export default defineConfig(
  globalIgnores(['node_modules', 'demo', 'data', 'coverage', '.stryker-tmp', 'reports']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [typescript.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers in a sentence are fine; objects and promises are not.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true, boolean: true } }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
      eqeqeq: 'error',
      '@typescript-eslint/max-params': ['error', { max: 4 }],
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Name what you export: a default export has a different name in every file.' },
      ],
    },
  },
  {
    // The only reader of the environment is the configuration (and what must run before it exists).
    files: ['src/**/*.ts', 'commands/**/*.ts'],
    ignores: ['src/config/config.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Read the environment in src/config/config.ts.' },
      ],
    },
  },
  // One subject a file.
  { files: ['src/**/*.ts', 'commands/**/*.ts', 'bench/**/*.ts'], rules: { 'max-lines': ['error', 200] } },
  { files: ['test/**/*.ts'], rules: { 'max-lines': ['error', 250] } },
  { files: ['start.ts', 'sandbox/**/*.ts', 'test/mutants/**/*.ts', 'test/chaos/**/*.ts', 'bench/**/*.ts'], rules: { 'no-console': 'off' } },
  { files: ['**/*.mjs'], languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } } },
  { files: ['**/*.config.ts', '**/*.config.mjs'], rules: { 'no-restricted-syntax': 'off' } },
)
