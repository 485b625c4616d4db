import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { CATALOGUE } from '../src/cli/catalogue.ts'
import { PROMTOOL } from './support/programs.ts'
import { ensureInstalled, INSTALLING_MS, missing } from './support/servers/install.ts'

/** Files for Docker, Kubernetes and Prometheus. Nothing here starts them; what can be said of them without that is. */
const deploy = join(dirname(dirname(fileURLToPath(import.meta.url))), 'deploy')
const read = (path: string) => readFileSync(join(deploy, path), 'utf8')
const noted = missing(PROMTOOL)
if (noted !== undefined && process.env.CI) throw new Error(noted)

// biome-ignore lint/suspicious/noExplicitAny: manifests of others, looked into by name
type Manifest = any

function documents(path: string): Manifest[] {
  return parseAllDocuments(read(path), { merge: true, strict: true }).map((document) => {
    if (document.errors.length > 0) throw document.errors[0]
    return document.toJS()
  })
}

const manifests = () => [...documents('kubernetes/faena.yaml'), ...documents('kubernetes/keda.yaml')]
const podOf = (manifest: Manifest) => manifest.spec.template?.spec

test('every file of YAML is one', () => {
  for (const path of globSync('**/*.{yaml,yml}', { cwd: deploy })) expect(documents(path).length).toBeGreaterThan(0)
})

test('containers are told commands of faena that there are, and node is their first process', () => {
  const commands = new Set(CATALOGUE.map(({ name }) => name))
  const { services } = documents('docker/compose.yaml')[0]
  const told = [
    ...manifests().flatMap((manifest) => podOf(manifest)?.containers.map(({ args }: Manifest) => args[0]) ?? []),
    ...['migrate', 'worker', 'api'].map((name) => services[name].command[0]),
  ]
  expect(told.filter((command) => !commands.has(command))).toEqual([])
  expect(told.length).toBe(6)
  const dockerfile = read('docker/Dockerfile')
  const instructions: string[] = dockerfile.match(/^[A-Z]+(?= )/gm) ?? []
  const known = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'ENTRYPOINT', 'CMD']
  expect(instructions.filter((word) => !known.includes(word))).toEqual([])
  expect(dockerfile).toMatch(/^ENTRYPOINT \["node", /m)
  expect(instructions.lastIndexOf('USER')).toBeGreaterThan(instructions.lastIndexOf('RUN'))
})

test('a pod has more time to end than its worker may take, is no root, and the API has its probes', () => {
  const worker = podOf(
    manifests().find(({ metadata, kind }) => kind === 'Deployment' && metadata.name === 'faena-worker'),
  )
  const { args } = worker.containers[0]
  const grace = Number.parseInt(args[args.indexOf('--grace') + 1], 10)
  // The grace, a last call, the outcomes (as long as the grace), and five seconds of the parent's.
  expect(worker.terminationGracePeriodSeconds).toBeGreaterThan(2 * grace + 6)
  for (const pod of manifests()
    .filter(({ kind }) => kind === 'Deployment')
    .map(podOf)) {
    expect(pod.securityContext.runAsNonRoot).toBe(true)
  }
  const [api] = podOf(manifests().find(({ metadata }) => metadata.name === 'faena-api')).containers
  expect([api.livenessProbe.httpGet.path, api.readinessProbe.httpGet.path]).toEqual(['/health/live', '/health/ready'])
})

test('labels and names of the manifests fit together', () => {
  const all = manifests()
  for (const { kind, spec } of all) {
    if (kind !== 'Deployment') continue
    expect(spec.template.metadata.labels).toEqual(spec.selector.matchLabels)
  }
  const service = all.find(({ kind }) => kind === 'Service')
  const api = all.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'faena-api')
  expect(api.spec.template.metadata.labels).toEqual(service.spec.selector)
  const scaled = all.find(({ kind }) => kind === 'ScaledObject').spec.scaleTargetRef.name
  expect(all.some(({ kind, metadata }) => kind === 'Deployment' && metadata.name === scaled)).toBe(true)
})

test.skipIf(noted !== undefined)(
  'promtool finds nothing wrong in the rules and the configuration of Prometheus',
  async () => {
    const promtool = join(await ensureInstalled(PROMTOOL), 'promtool')
    const check = (...words: string[]) =>
      execFileSync(promtool, ['check', ...words], { cwd: join(deploy, 'prometheus'), encoding: 'utf8', stdio: 'pipe' })
    expect(check('rules', 'faena.rules.yml')).toContain('SUCCESS: 5 rules found')
    // Its token lies on the machine it runs on.
    expect(check('config', '--syntax-only', 'prometheus.yml')).toContain('SUCCESS')
  },
  INSTALLING_MS,
)

test.skipIf(noted !== undefined)(
  'promtool understands every question of Grafana and KEDA',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'faena-rules-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const keda = documents('kubernetes/keda.yaml')[0].spec.triggers.map(({ metadata }: Manifest) => metadata.query)
    const rules = [...keda, ...expressions()].map((expr, at) => ({ record: `rule_${at}`, expr }))
    const path = join(folder, 'rules.yml')
    writeFileSync(path, JSON.stringify({ groups: [{ name: 'asked', rules }] }))
    const promtool = join(await ensureInstalled(PROMTOOL), 'promtool')
    expect(execFileSync(promtool, ['check', 'rules', path], { encoding: 'utf8' })).toContain(
      `SUCCESS: ${rules.length} rules found`,
    )
    expect(rules.length).toBeGreaterThan(15)
  },
  INSTALLING_MS,
)

function expressions(): string[] {
  const { panels } = JSON.parse(read('grafana/faena.json')) as Manifest
  return panels.flatMap(({ targets }: Manifest) => targets.map(({ expr }: Manifest) => expr))
}
