// The lint rules that hold the shape: arrows between folders, purity of decisions, I/O only in adapters.
import js from '@eslint/js';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const forbid = (message, ...group) => ({ group, message });
const noClockReading = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'ask the clock, or take now as an argument',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'ask the clock, or take now as an argument',
  },
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: 'take ids and randomness as an argument',
  },
];
const noIoGlobals = ['error', 'fetch', 'setTimeout', 'setInterval', 'setImmediate', 'crypto'];
const nodeIo = [
  'node:fs',
  'node:fs/*',
  'node:child_process',
  'node:net',
  'node:http',
  'node:https',
  'node:timers',
  'node:timers/*',
];

// Files that are the adapters: the only places where the product touches clock, disk, processes and wires.
const adapters = [
  'shared/clock.ts',
  'shared/ids.ts',
  'shared/config.ts',
  'shared/services.ts',
  'shared/log.ts',
  'shared/tables/azure-table.ts',
  'shared/queues/azure-bus.ts',
  'shared/entra/http-key-set.ts',
  'shared/blobs/azure-blobs.ts',
  'agent/main.ts',
  'agent/adapters/**/*.ts',
];

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'coverage/**', 'test-artifacts/**'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [createTypeScriptImportResolver({ project: './tsconfig.json' })],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
    rules: {
      'import-x/no-cycle': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-control-regex': 'off',
    },
  },
  {
    files: [
      'shared/**/*.ts',
      'agent/**/*.ts',
      'functions/**/*.ts',
      'local/service-bus/**/*.ts',
      'local/functions-host/**/*.ts',
    ],
    ignores: [...adapters, 'local/service-bus/main.ts', 'local/functions-host/main.ts'],
    rules: { 'no-restricted-syntax': ['error', ...noClockReading] },
  },
  {
    files: ['shared/**/*.ts', 'agent/**/*.ts', 'functions/**/*.ts'],
    ignores: adapters,
    rules: {
      'no-restricted-globals': noIoGlobals,
      'no-restricted-imports': ['error', { patterns: [forbid('I/O goes through an adapter', ...nodeIo)] }],
    },
  },
  {
    files: ['shared/{tables,queues,blobs,rest}/**/*.ts'],
    ignores: adapters,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            forbid('I/O goes through an adapter', ...nodeIo),
            forbid(
              'mechanics know no concept',
              '**/jobs/*',
              '**/tasks/*',
              '**/pools/*',
              '**/nodes/*',
              '**/job-nodes/*',
              '**/job-schedules/*',
              '**/passes/*',
            ),
          ],
        },
      ],
    },
  },
  {
    files: [
      'shared/**/*-decisions.ts',
      'shared/{jobs,tasks,pools,nodes,job-nodes,job-schedules}/{job,task,pool,node,job-node,job-schedule}.ts',
      'shared/passes/decide-*.ts',
    ],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            forbid(
              'decisions are pure',
              '@azure/*',
              'node:*',
              '**/tables/*',
              '**/queues/*',
              '**/rest/*',
              '**/blobs/*',
              '**/*-table.js',
              '**/services.js',
              '**/config.js',
            ),
          ],
        },
      ],
      'no-restricted-globals': ['error', 'process', 'fetch', 'setTimeout', 'setInterval', 'setImmediate', 'crypto'],
    },
  },
  {
    files: ['functions/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            forbid(
              'a trigger calls one verb',
              '**/*-rows.js',
              '**/tables/*',
              '@azure/data-tables',
              '@azure/service-bus',
              'node:*',
            ),
          ],
        },
      ],
    },
  },
  {
    files: ['agent/**/*.ts'],
    ignores: adapters,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            forbid('I/O goes through an adapter', ...nodeIo),
            forbid(
              'the agent shares nouns and messages only',
              '**/*-rows.js',
              '**/tables/*',
              '**/rest/*',
              '**/functions/*',
              '**/local/*',
            ),
          ],
        },
      ],
    },
  },
  {
    files: ['local/**/*.ts'],
    // How the host answers where the app cannot.
    ignores: ['local/batch-answers.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            forbid(
              'local/ knows the app by its registrations and messages only',
              '**/functions/http/*',
              '**/functions/queue/*',
              '**/*-rows.js',
              '**/shared/tables/*',
              '**/shared/rest/*',
              '**/shared/passes/*',
            ),
          ],
        },
      ],
    },
  },
  {
    files: ['test/{e2e,lifecycle}/**/*.ts'],
    // It can be pointed at any endpoint, and checks the answers of those that it starts.
    ignores: ['test/e2e/rest-stack.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['**/job-prep-release/connect.js'],
              importNames: ['connect'],
              message: 'every answer is checked: connectChecked() in test/helpers/checked-endpoint.ts',
            },
            {
              group: ['@azure/batch', '@azure/ms-rest-js', 'node:http', 'http', 'undici'],
              allowTypeImports: true,
              message: 'every answer is checked: connectChecked() in test/helpers/checked-endpoint.ts',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['test/e2e/**/*.ts'],
    ignores: ['test/e2e/rest-stack.ts'],
    rules: {
      'no-restricted-globals': ['error', { name: 'fetch', message: 'every answer is checked: ask() of the stack' }],
    },
  },
);
