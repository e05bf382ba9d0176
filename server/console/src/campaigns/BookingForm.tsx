/** A booking: what, where, when, how much; beside it, all the time, whom it reaches. */
import { App, Button, Drawer, Form, Input } from "antd"
import dayjs, { type Dayjs } from "dayjs"
import { useWords } from "../i18n/language"
import { useFormRefusal } from "../shell/refusals"
import { words as shell } from "../shell/words"
import { useSaveBooking, type Booking, type BookingBody, type Campaign, type Selector } from "./campaigns"
import { CreativePicker } from "./CreativePicker"
import { ModeFields } from "./ModeFields"
import { modeOf, valuesOf, type ModeValues } from "./modes"
import { ReachPanel } from "./ReachPanel"
import { ScheduleFields } from "./ScheduleFields"
import { ALL_DAY, asTime, daysOf, EVERY_DAY, type Window } from "./schedules"
import { ALL_SCREENS, SelectorFields, whole } from "./SelectorFields"
import { words } from "./words"

interface Values {
  name: string
  creatives: string[]
  selector: Selector
  dates: [Dayjs, Dayjs]
  weekdays?: number[]
  except?: Dayjs[] | null
  also?: Dayjs[] | null
  windows: Window[]
  mode: ModeValues
}

const FIELDS: Record<string, string | string[]> = {
  "mode.guarantee": ["mode", "per_hour"],
  "mode.fixed.times": ["mode", "times"],
  "mode.quota.plays": ["mode", "plays"],
  most_per_day: ["mode", "most_per_day"],
  selector: ["selector", "venue_types"],
  "schedule.from": "dates",
  "schedule.until": "dates",
  "schedule.weekdays": "weekdays",
  "schedule.windows": "dates",
  "schedule.except": "except",
  "mode.share.weight": ["mode", "weight"],
}

/** `booking` is what is changed; without, one is added to the campaign. */
export function BookingForm({ campaign, booking, onClose }: { campaign: Campaign; booking: Booking | null; onClose: () => void }) {
  const t = useWords(words)
  const common = useWords(shell)
  const { message } = App.useApp()
  const [form] = Form.useForm<Values>()
  const refused = useFormRefusal(form, FIELDS)
  const save = useSaveBooking(campaign.id, booking?.id ?? null)
  const [first, last] = [dayjs(campaign.starts), dayjs(campaign.ends)]
  const selector = Form.useWatch("selector", form) ?? booking?.selector ?? ALL_SCREENS
  const creatives = Form.useWatch("creatives", form) ?? booking?.creatives ?? []
  const initial: Values = booking
    ? {
        name: booking.name,
        creatives: booking.creatives,
        selector: whole(booking.selector),
        dates: [dayjs(booking.schedule.from), booking.schedule.until ? dayjs(booking.schedule.until) : last],
        weekdays: daysOf(booking.schedule),
        except: (booking.schedule.except ?? []).map((day) => dayjs(day)),
        also: (booking.schedule.also ?? []).map((day) => dayjs(day)),
        windows: booking.schedule.windows.map(({ from, to }) => ({ from, to })),
        mode: valuesOf(booking.mode, booking.most_per_day ?? null),
      }
    : { name: "", creatives: [], selector: ALL_SCREENS, dates: [first, last], weekdays: EVERY_DAY, windows: [ALL_DAY], mode: valuesOf(null, null) }
  const finish = (v: Values) =>
    save.mutate(bodyOf(v, booking), {
      onSuccess: () => {
        void message.success(t.bookingSaved)
        onClose()
      },
      onError: refused,
    })
  const title = booking ? t.editBookingTitle(booking.name) : t.newBookingTitle
  return (
    <Drawer
      open
      size={1040}
      title={title}
      aria-label={title}
      onClose={onClose}
      maskClosable={false}
      footer={
        <div className="row">
          <Button className="right" onClick={onClose}>{common.cancel}</Button>
          <Button type="primary" loading={save.isPending} onClick={() => form.submit()}>{t.saveBooking}</Button>
        </div>
      }
    >
      <Form form={form} name="booking" layout="vertical" requiredMark={false} initialValues={initial} onFinish={finish} scrollToFirstError>
        <div className="booking-form">
          <div>
            <Form.Item name="name" label={t.bookingName} rules={[{ required: true, whitespace: true, message: t.bookingNameNeeded }]}>
              <Input maxLength={60} autoFocus={!booking} placeholder={t.bookingNameHint} />
            </Form.Item>
            <h2>{t.what}</h2>
            <Form.Item name="creatives" rules={[{ required: true, type: "array", min: 1, message: t.creativesNeeded }]}>
              <CreativePicker />
            </Form.Item>
            <h2>{t.where}</h2>
            <SelectorFields initial={initial.selector} />
            <h2>{t.when}</h2>
            <ScheduleFields first={first} last={last} rule={booking?.schedule.rrule ?? null} />
            <h2>{t.howOften}</h2>
            <ModeFields />
          </div>
          <div className="side">
            <ReachPanel selector={selector} creatives={creatives} />
          </div>
        </div>
      </Form>
    </Drawer>
  )
}

function bodyOf(v: Values, before: Booking | null): BookingBody {
  const rule = before?.schedule.rrule ?? null
  return {
    name: v.name.trim(),
    creatives: v.creatives,
    selector: v.selector,
    schedule: {
      from: v.dates[0].format("YYYY-MM-DD"),
      until: v.dates[1].format("YYYY-MM-DD"),
      weekdays: rule ? null : (v.weekdays ?? EVERY_DAY),
      rrule: rule,
      except: (v.except ?? []).map((day) => day.format("YYYY-MM-DD")),
      also: (v.also ?? []).map((day) => day.format("YYYY-MM-DD")),
      windows: v.windows.map((w) => ({ from: asTime(w.from), to: asTime(w.to) })),
    },
    mode: modeOf(v.mode),
    most_per_day: v.mode.kind === "event" ? null : v.mode.most_per_day,
  }
}
