import { useT } from '../i18n/index.ts'
import { Menu } from '../ui/Menu.tsx'

export type ListOrder = 'newest' | 'oldest'

export function listOrderOf(text: string): ListOrder {
  return text === 'oldest' ? 'oldest' : 'newest'
}

/** Which rows come first; on phones it stands before the filters, which take whole lines. A list that is read page by page goes by its ids: other orders the server does not keep. */
export function OrderMenu({ order, onChange }: { order: ListOrder; onChange: (order: ListOrder) => void }) {
  const t = useT()
  return (
    <span className="sm:order-last">
      <Menu
        label={t('lists.order')}
        items={(['newest', 'oldest'] as const).map((one) => ({
          label: t(`lists.${one}`),
          checked: one === order,
          onSelect: () => onChange(one),
        }))}
      >
        {t(`lists.${order}`)}
      </Menu>
    </span>
  )
}
